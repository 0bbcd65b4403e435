//! Damage and mud of a vehicle: reported by the game after a stage, and returned unchanged.

use mmcos_core::wire::egonet::{FieldError, Fp32, Value};
use serde::{Deserialize, Serialize};

use crate::shapes::{Shape, dict};

/// Damage of a vehicle: the bits of each part's number, in the order of responses. A `ui32` has a byte for each of
/// four wheels or sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage(pub(crate) [u32; 16]);

impl Damage {
    /// Returns the shape of responses. (*seen*; requests have another order.)
    pub(crate) fn dict(&self) -> Shape {
        let [wear, turbo, springs, radiator, lights, gearbox, impact, exhaust, rest @ ..] = self.0;
        let [diff_impact, diff_wear, dampers, clutch, brakes, bodywork, engine, repairs] = rest;
        let share = Fp32::from_bits;
        dict! {
            ui32 "WheelsWear": wear, ui32 "Turbo": turbo, ui32 "Springs": springs, fp32 "Radiator": share(radiator),
            fp32 "Lights": share(lights), ui32 "Gearbox": gearbox, ui32 "WheelsImpact": impact,
            fp32 "Exhaust": share(exhaust), ui32 "DiffImpact": diff_impact, ui32 "DiffWear": diff_wear,
            ui32 "Dampers": dampers, fp32 "Clutch": share(clutch), ui32 "Brakes": brakes, ui32 "Bodywork": bodywork,
            fp32 "Engine": share(engine), ui16 "QuickRepairs": u16::try_from(repairs).unwrap_or(u16::MAX),
        }
    }
}

/// Dirt on a vehicle: the bits of each place's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mud(pub(crate) [u32; 9]);

impl Mud {
    /// Returns the shape of requests (*seen*) and responses (*said*).
    pub(crate) fn dict(&self) -> Shape {
        let [dirt, wheel0, wheel1, wheel2, wheel3, mud, height, clean_dirt, clean_mud] =
            self.0.map(Fp32::from_bits);
        dict! {
            fp32 "Dirt": dirt, fp32 "WheelMud0": wheel0, fp32 "WheelMud1": wheel1, fp32 "WheelMud2": wheel2,
            fp32 "WheelMud3": wheel3, fp32 "Mud": mud, fp32 "CleanHeight": height, fp32 "CleanDirt": clean_dirt,
            fp32 "CleanMud": clean_mud,
        }
    }
}

/// Reads the fields that a shape names, each of the type that it has there.
pub(crate) fn read<const N: usize>(
    body: &Value<'_>,
    name: &str,
    shape: &Shape,
) -> Result<[u32; N], FieldError> {
    let dict: &Value<'_> = body.field(name)?;
    let mut read = [0; N];
    for (bits, (part, unit)) in read.iter_mut().zip(&shape.0) {
        *bits = match unit {
            Value::F32(_) => dict.field::<Fp32>(part)?.to_bits(),
            Value::U16(_) => dict.field::<u16>(part)?.into(),
            _ => dict.field(part)?,
        };
    }
    Ok(read)
}
