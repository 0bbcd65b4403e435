//! The garage, the store, the staff and repairs. Names, types and order are *seen*, unless marked.

use alloc::format;

use mmcos_core::wire::egonet::{UnixTime, Value};
use serde::{Deserialize, Serialize};

use crate::settings::Vehicle;
use crate::shapes::{Shape, dict, item, none, undamaged, vehicle};
use crate::{AccountId, Cx, Dr2, Outcome, Record, Refusal};

/// Tunings whose numbers are known.
const TUNINGS: [u32; 4] = [280, 281, 282, 293];

/// Livery and tuning of a vehicle in a player's garage. The key of the row is `account` and `vehicle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitting {
    /// The player.
    pub account: AccountId,
    /// The vehicle, `VehicleInstId` on the wire: its number, since every garage has one of each. (*ours*)
    pub vehicle: i64,
    /// The livery; 0 is the stock one.
    pub livery: u32,
    /// The tuning.
    pub tuning: u32,
}

impl Dr2 {
    fn fitting(&self, account: AccountId, vehicle: i64) -> Fitting {
        let fitted = self.garage.get(&(account, vehicle)).cloned();
        fitted.unwrap_or(Fitting { account, vehicle, livery: 0, tuning: 0 })
    }

    /// Responds to `RaceNetInventory.GetInventory`.
    pub(crate) fn inventory(&self, account: AccountId) -> Shape {
        let vehicles = self.settings.garage.all().iter().map(|Vehicle(number)| {
            let fitting = self.fitting(account, i64::from(*number));
            vehicle([*number, fitting.livery, fitting.tuning], fitting.vehicle, true)
        });
        let credits = i32::try_from(self.settings.credits).unwrap_or(i32::MAX);
        let inventory = dict! {
            si32 "SoftCurrency": credits, si32 "HardCurrency": 0, si32 "GarageSlots": 100, vvtr "Vehicles": vehicles,
            vvtr "Upgrades": none(), vvtr "Entitlements": none(), vvtr "Liveries": none(), ui32 "SeasonFlags": 15,
        };
        dict! { vdic "Inventory": inventory }
    }

    /// Responds to `RaceNetInventory.GetStore`: the vehicles that every garage has. The request of a purchase is
    /// unknown, so nothing else can be sold.
    pub(crate) fn store(&self) -> Shape {
        let products = self.settings.garage.all().iter().map(|Vehicle(number)| {
            dict! {
                si64 "Id": i64::from(*number), tutc "AvailableFrom": UnixTime(1_541_635_200),
                tutc "AvailableUntil": UnixTime(2_299_017_600), ui08 "PriceCurrency": 1, si32 "Price": 0,
                dstr "Name": format!("Product {number}"), si32 "SoftCurrency" "GarageSlots": 0,
                vvtr "Items": [item(4, vehicle([*number, 0, 0], 0, true))],
            }
        });
        dict! { vvtr "Products": products, si32 "RefreshSeconds": 3600 }
    }

    /// Responds to `Repairs.SetLivery` and `Repairs.FitTuning`. (*said*) Vehicles below 1 are those of an event:
    /// nothing about them is stored.
    pub(crate) fn fit(
        &mut self,
        cx: &mut Cx<'_>,
        account: AccountId,
        body: &Value<'_>,
        livery: bool,
    ) -> Outcome {
        let mut fitting = self.fitting(account, body.field("VehicleInstId")?);
        let fitted = if livery { &mut fitting.livery } else { &mut fitting.tuning };
        *fitted = body.field(if livery { "LiveryId" } else { "EngineTuningId" })?;
        if self.settings.garage.all().iter().any(|own| i64::from(own.0) == fitting.vehicle) {
            cx.record(Record::Fitting(fitting.clone()));
            self.garage.insert((account, fitting.vehicle), fitting);
        } else if fitting.vehicle > 0 {
            return Err(Refusal::Missing("vehicle", fitting.vehicle));
        }
        let response = dict! { si32 "Result": 0 };
        Ok(if livery { response } else { response.si32("Cost", 0) })
    }
}

/// Responds to `Staff.GetStaff`: everything at its best, so that nothing is left to pay for.
pub(crate) fn staff() -> Shape {
    let engineers = (1..=5).map(|id| {
        dict! {
            ui32 "EngineerId": id, si32 "EngineLevel" "ChassisLevel" "DrivetrainLevel" "RepairLevelFwd"
            "RepairLevelRwd" "RepairLevel4wd": 4, si32 "EngineUpCost" "ChassisUpCost" "DriveUpCost" "RepairFwdUpCost"
            "RepairRwdUpCost" "Repair4wdUpCost": 0,
        }
    });
    let chief = dict! {
        ui32 "ChiefEngineerId": 1, si32 "ResearchLevel" "DiagnosticLevel": 4, si32 "ResearchUpCost" "DiagUpCost": 0,
    };
    let co_driver = dict! {
        ui32 "CoDriverId": 5, si32 "WheelLevel" "LogisticsLevel": 4, si32 "RepairLevel": 1, si32 "WheelUpCost"
        "LogisticsUpCost" "RepairUpCost": 0,
    };
    dict! {
        vdic "ChiefEngineer": chief, vvtr "Engineers": engineers, si32 "NextEngCost": 0, vdic "CoDriver": co_driver,
        ui32 "RxSpotter": 1,
    }
}

/// Responds to `Repairs.ComputeRepairCost`: repairs are free here. (*ours*; the numbers of the parts are inferred.)
pub(crate) fn repair_costs() -> Shape {
    let costs = (1..=13).map(|id| dict! { ui32 "PartId": id, si32 "CostQ" "CostS" "CostR": 0 });
    dict! { vvtr "Costs": costs }
}

/// Responds to `Repairs.GetUpgradeTuningPrices`: everything is free here. (*ours*) All upgrades are fitted, so none
/// has a price.
pub(crate) fn prices() -> Shape {
    let tunings = TUNINGS.map(|id| dict! { ui32 "TuningId": id, si32 "PurchasePrice" "RefitPrice": 0 });
    dict! { vvtr "UpgradePrices": none(), vvtr "TuningPrices": tunings }
}

/// Responds to `Repairs.PerformRepairs`. (*said*)
pub(crate) fn repaired() -> Shape {
    let mut response = dict! { si32 "Result": 0 };
    response.0.extend(undamaged().0);
    response
}
