//! The store that `store` names: a file in the data directory, or a database.

#[cfg(feature = "postgres")]
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use mmcos_core::Server;
use mmcos_core::row::{Row, Schema};
use mmcos_core::seam::Wall;
use mmcos_core::service::Service;

use super::files::{self, Health, Restored, Summary};
#[cfg(feature = "postgres")]
use super::{Address, Postgres, postgres};
use super::{Commit, Database, Store, StoreError};
use crate::data_dir::DataDir;

/// Location of the records, as in the setting `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file in the data directory.
    Sqlite,
    /// A database on a server.
    #[cfg(feature = "postgres")]
    Postgres(Box<Address>),
}

impl Location {
    /// Returns the place of a store at this location.
    pub fn of(&self, dir: DataDir) -> Place {
        match self {
            Self::Sqlite => Place::Sqlite(dir),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => {
                Place::Postgres(Box::new(postgres::Place { address: (**address).clone(), dir }))
            }
        }
    }
}

/// Place of a store, with its data directory.
#[derive(Clone, Debug)]
pub enum Place {
    /// The data directory, which holds the file.
    Sqlite(DataDir),
    /// A database on a server.
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Place>),
}

/// The open store of a server, wherever it is.
#[derive(Debug)]
pub enum AnyStore<R> {
    /// A file.
    Sqlite(Box<Store<R>>),
    /// A database on a server.
    #[cfg(feature = "postgres")]
    Postgres(Box<Postgres<R>>),
}

impl<R: Row> AnyStore<R> {
    /// Restores a new server from all records.
    pub fn restore<S>(&mut self, server: &mut Server<S>, now: Wall) -> Result<(), StoreError>
    where
        S: Service<Record = R, RestoreError: std::error::Error + Send + Sync + 'static>,
    {
        match self {
            Self::Sqlite(store) => store.restore(server, now),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.restore(server, now),
        }
    }
}

impl<R: Row> Commit<R> for AnyStore<R> {
    fn commit(&mut self, records: &[R]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.commit(records),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.commit(records),
        }
    }

    fn idle(&mut self) -> Result<Option<Duration>, StoreError> {
        match self {
            Self::Sqlite(store) => store.idle(),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.idle(),
        }
    }
}

impl<R: Row> Database<R> for AnyStore<R> {
    type Place = Place;

    fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Sqlite(dir) => Ok(Self::Sqlite(Box::new(Store::open(dir)?))),
            #[cfg(feature = "postgres")]
            Place::Postgres(place) => Ok(Self::Postgres(Box::new(Postgres::open(place)?))),
        }
    }

    fn records(
        &mut self,
        now: Wall,
        take: &mut dyn FnMut(R) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.records(now, take),
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.records(now, take),
        }
    }

    fn backup(place: &Place, to: &Path) -> Result<Summary, StoreError> {
        match place {
            Place::Sqlite(dir) => files::backup(R::SCHEMA, dir, to),
            #[cfg(feature = "postgres")]
            Place::Postgres(place) => postgres::backup(R::SCHEMA, place, to),
        }
    }

    fn export(place: &Place, out: &mut dyn Write) -> Result<(), StoreError> {
        match place {
            Place::Sqlite(dir) => files::export(R::SCHEMA, dir, out),
            #[cfg(feature = "postgres")]
            Place::Postgres(place) => postgres::export(R::SCHEMA, place, out).map(drop),
        }
    }
}

impl Place {
    /// Writes a snapshot as one JSON object to a new file that only its owner can read. The server may be running.
    pub fn export_to(&self, schema: &'static Schema, to: &Path) -> Result<Summary, StoreError> {
        match self {
            Self::Sqlite(dir) => files::export_to(schema, dir, to),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => {
                let mut out = BufWriter::new(files::new_file(to)?);
                let file = |source| StoreError::file(to, source);
                let exported = postgres::export(schema, place, &mut out)
                    .and_then(|count| out.get_ref().sync_all().map(|()| count).map_err(file));
                if exported.is_err() {
                    // The next attempt with this name would be rejected, since no file is overwritten.
                    let _ = std::fs::remove_file(to);
                }
                let (count, counted) = (exported?, schema.counted);
                Ok(Summary { count, counted, bytes: std::fs::metadata(to).map_err(file)?.len() })
            }
        }
    }

    /// Replaces all records with those of a backup, while no server runs. First restores the new `server` from the
    /// backup, as a start does: a backup from which no server could start must not replace what works.
    pub fn restore<S>(&self, from: &Path, server: &mut Server<S>, now: Wall) -> Result<Restored, StoreError>
    where
        S: Service<Record: Row, RestoreError: std::error::Error + Send + Sync + 'static>,
    {
        match self {
            Self::Sqlite(dir) => files::restore(dir, from, server, now),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => postgres::restore(place, from, server, now),
        }
    }

    /// Reads the whole store and checks that it is one; `None` if there is none yet. The server may be running. If the
    /// store is current, calls `take` with every record that a server would be restored from.
    pub fn examine<R: Row>(&self, now: Wall, take: impl FnMut(R)) -> Result<Option<Health>, StoreError> {
        match self {
            Self::Sqlite(dir) => files::examine(dir, now, take),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => postgres::examine(place, now, take),
        }
    }

    /// Checks that the store can be written at this moment. Changes nothing. The server may be running.
    pub fn examine_writing(&self, schema: &'static Schema) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(dir) => files::examine_writing(schema, dir),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => postgres::examine_writing(schema, place),
        }
    }
}

#[cfg(feature = "postgres")]
impl Place {
    /// Copies all records from a file to a database or back, and compares the two. Neither may be in use, and the
    /// target must be empty. `None` if the two are not one of each.
    pub fn copy_to(&self, target: &Self, schema: &'static Schema) -> Result<Option<Summary>, StoreError> {
        Ok(match (self, target) {
            (Self::Sqlite(_), Self::Postgres(place)) => Some(postgres::move_to(schema, place)?),
            (Self::Postgres(place), Self::Sqlite(_)) => Some(postgres::move_from(schema, place)?),
            (Self::Sqlite(_), Self::Sqlite(_)) | (Self::Postgres(_), Self::Postgres(_)) => None,
        })
    }
}
