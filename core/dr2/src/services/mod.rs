//! The functions of the protocol, each service in a file, and what they share.

pub(crate) mod accounts;
pub(crate) mod boards;
pub(crate) mod career;
pub(crate) mod clubs;
pub(crate) mod damage;
pub(crate) mod garage;
pub(crate) mod shapes;
pub(crate) mod stages;
pub(crate) mod startup;
pub(crate) mod time_trial;
