use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use thiserror::Error;

use super::Value;

/// A type that [`Value::field`] can return: the exact Rust type of a tag, a list of those, or a type of your own.
///
/// ```
/// use mmcos_core::wire::egonet::{Dict, FieldError, FromValue, Value};
///
/// struct Stage {
///     track: u32,
///     length: f32,
/// }
///
/// impl<'v> FromValue<'v> for Stage {
///     const EXPECTED: &'static str = "vdic";
///
///     fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
///         Ok(Self { track: value.field("TrackModelId")?, length: value.field("Length")? })
///     }
/// }
///
/// let stage = |id: u32| Dict::new().ui32("TrackModelId", id).fp32("Length", 7.5);
/// let event = Value::from(Dict::new().vvtr("Stages", [stage(626), stage(627)]));
/// let stages: Vec<Stage> = event.field("Stages")?;
/// assert_eq!((stages[1].track, stages[1].length), (627, 7.5));
///
/// // An error names the path, however many types it came through.
/// let event = Value::from(Dict::new().vvtr("Stages", [stage(626), Dict::new().si32("TrackModelId", 627)]));
/// let error = event.field::<Vec<Stage>>("Stages").err();
/// let error = error.map(|error| error.to_string()).unwrap_or_default();
/// assert_eq!(error, "Stages/1/TrackModelId: expected ui32, found si32");
/// # Ok::<(), FieldError>(())
/// ```
pub trait FromValue<'v>: Sized {
    /// The tag, for error messages.
    const EXPECTED: &'static str;

    /// Reads a value.
    fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError>;
}

/// The error for a value that is missing or has another type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: expected {expected}, found {found}")]
pub struct FieldError {
    /// Path to the value: names of dictionary entries and positions in lists, separated by `/`.
    pub path: String,
    /// The tag that was expected.
    pub expected: &'static str,
    /// The tag that was found, or `nothing`.
    pub found: &'static str,
}

impl FieldError {
    /// Returns the error for a value that is not a `T`.
    pub fn expected<'v, T: FromValue<'v>>(found: &Value<'_>) -> Self {
        Self { path: String::new(), expected: T::EXPECTED, found: found.tag() }
    }

    /// Prepends `path` to the path of the error.
    fn inside(mut self, path: &str) -> Self {
        self.path = if self.path.is_empty() { path.to_owned() } else { format!("{path}/{}", self.path) };
        self
    }
}

impl Value<'_> {
    /// Returns the value at a path such as `Vehicles/0/Id`: names of dictionary entries and positions in lists.
    ///
    /// The type must be exactly that of the tag, as the clients demand it of a server. See
    /// [`as_integer`](Self::as_integer) for a number of unknown width, [`get`](Self::get) for a value that may be
    /// missing, or whose name has a `/`.
    pub fn field<'v, T: FromValue<'v>>(&'v self, path: &str) -> Result<T, FieldError> {
        let mut value = self;
        for (walked, step) in path.split('/').enumerate() {
            let next = match value {
                Value::List(values) => step.parse().ok().and_then(|at: usize| values.get(at)),
                other => other.get(step),
            };
            value = next.ok_or_else(|| {
                // Up to the step that is missing: the rest was not tried.
                let to_here: Vec<&str> = path.split('/').take(walked.saturating_add(1)).collect();
                FieldError { path: to_here.join("/"), expected: T::EXPECTED, found: "nothing" }
            })?;
        }
        T::from_value(value).map_err(|error| error.inside(path))
    }
}

impl<'v> FromValue<'v> for &'v str {
    const EXPECTED: &'static str = "dstr";

    fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
        value.as_str().ok_or_else(|| FieldError::expected::<Self>(value))
    }
}

impl<'v> FromValue<'v> for &'v [u8] {
    const EXPECTED: &'static str = "blob";

    fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
        value.as_blob().ok_or_else(|| FieldError::expected::<Self>(value))
    }
}

impl<'v> FromValue<'v> for &'v Value<'v> {
    const EXPECTED: &'static str = "a value";

    fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
        Ok(value)
    }
}

impl<'v, T: FromValue<'v>> FromValue<'v> for Vec<T> {
    const EXPECTED: &'static str = "vvtr";

    fn from_value(value: &'v Value<'v>) -> Result<Self, FieldError> {
        let values = value.as_list().ok_or_else(|| FieldError::expected::<Self>(value))?;
        let read = |(at, value)| T::from_value(value).map_err(|error| error.inside(&format!("{at}")));
        values.iter().enumerate().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{super::Dict, *};

    #[test]
    fn a_path_leads_through_dictionaries_and_lists() {
        let vehicle = |id: u32| Dict::new().ui32("Id", id).blob("Tuning", b"\x01".as_slice());
        let value = Value::from(
            Dict::new()
                .vdic("Garage", Dict::new().vvtr("Vehicles", [vehicle(5), vehicle(6)]))
                .dstr("Name", "Ann"),
        );
        assert_eq!(value.field("Garage/Vehicles/1/Id"), Ok(6_u32));
        assert_eq!(value.field("Garage/Vehicles/0/Tuning"), Ok(b"\x01".as_slice()));
        assert_eq!(value.field::<&str>("Name"), Ok("Ann"));
        let mistakes = [
            (
                value.field::<u32>("Garage/Vehicles/2/Id").err(),
                "Garage/Vehicles/2: expected ui32, found nothing",
            ),
            (value.field::<u32>("Garage/Name/0").err(), "Garage/Name: expected ui32, found nothing"),
            (
                value.field::<i32>("Garage/Vehicles/0/Id").err(),
                "Garage/Vehicles/0/Id: expected si32, found ui32",
            ),
            (
                value.field::<Vec<&str>>("Garage/Vehicles").err(),
                "Garage/Vehicles/0: expected dstr, found vdic",
            ),
            (value.field::<bool>("").err(), ": expected bool, found nothing"),
        ];
        for (error, message) in mistakes {
            assert_eq!(error.unwrap().to_string(), message);
        }
    }

    #[test]
    fn an_integer_of_any_width_has_its_number() {
        let values = [Value::I8(-1), Value::U16(7), Value::U64(u64::MAX), Value::Bool(true)];
        let numbers: Vec<_> = values.iter().map(Value::as_integer).collect();
        assert_eq!(numbers, [Some(-1), Some(7), Some(u64::MAX.into()), None]);
    }
}
