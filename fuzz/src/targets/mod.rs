//! Fuzz targets: functions of any bytes, which panic where the server breaks a promise.
//!
//! The fuzzers themselves are a package of its own below this one, `fuzz_targets`. The inputs that they found and
//! that are worth keeping are in `seeds`, and every test tries them again.

mod configuration_file;
mod connections;
mod egonet_value;
mod http_decoder;
mod matchmaker_events;
mod proxy_header;
mod script;
mod service_request;
mod session_token;
mod steam_ticket;
mod values;
mod xml_document;

pub use configuration_file::configuration_file;
pub use connections::connections;
pub use egonet_value::egonet_value;
pub use http_decoder::http_decoder;
pub use matchmaker_events::matchmaker_events;
pub use proxy_header::proxy_header;
pub use service_request::service_request;
pub use session_token::session_token;
pub use steam_ticket::steam_ticket;
pub use xml_document::xml_document;
