//! A connection to a database server, and what is sent over it.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use futures_core::Stream as _;
use mmcos_core::row::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Row, Statement};

use super::super::StoreError;
use super::super::sql::{Dialect, Sql};
use super::Address;
use super::error::DatabaseError;

/// Statements that are sent together. Each waits for its response in memory.
const FLIGHT: usize = 256;

/// Settings of a session. A commit is on the server's disk before it is reported, whatever the server's default; a
/// lock is waited for less long than for a response; a transaction that a lost connection has left behind ends.
const SETTINGS: &str = "SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '10s'; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// A connection. It has no thread of its own: it reads and writes while a call waits.
#[derive(Debug)]
pub(super) struct Session {
    address: Address,
    // Before the runtime, in which its other half lives.
    client: Client,
    runtime: Runtime,
    statements: HashMap<String, Statement>,
    /// Statements of the open transaction that are not sent yet.
    queue: Option<Transaction>,
    /// Maximum time without a response.
    patience: Duration,
}

#[derive(Debug, Default)]
struct Transaction {
    has_begun: bool,
    statements: Vec<(Statement, Vec<Parameter>)>,
}

impl Session {
    /// Connects. `patience` is the maximum time without a response.
    pub(super) fn connect(address: &Address, program: &str, patience: Duration) -> Result<Self, StoreError> {
        let failed = |error| DatabaseError::of(address, &error);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DatabaseError::new(address, error.to_string(), "please report this"))?;
        let tls = address.tls()?;
        let config = address.config(program);
        let connect = async {
            let (client, connection) = config.connect(tls).await?;
            // Ends with the runtime. Its error shows in the next call.
            tokio::spawn(connection);
            client.batch_execute(SETTINGS).await?;
            Ok(client)
        };
        // Each host has its time.
        let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
        let limit = patience.saturating_mul(hosts.max(1));
        let connected = runtime.block_on(async { timeout(limit, connect).await });
        let silent = |_| DatabaseError::silent(address, limit.as_secs());
        let client = connected.map_err(silent)?.map_err(failed)?;
        Ok(Self {
            address: address.clone(),
            client,
            runtime,
            statements: HashMap::new(),
            queue: None,
            patience,
        })
    }

    /// Changes the maximum time without a response.
    pub(super) const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Begins a transaction. Its statements are sent together, with its end if they are few.
    pub(super) fn begin(&mut self) {
        self.queue = Some(Transaction::default());
    }

    /// Commits the transaction. After an error it may be unknown whether it was committed.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.send(true)
    }

    /// Sends what is queued: one round trip, whatever its number of statements.
    fn send(&mut self, is_end: bool) -> Result<(), StoreError> {
        let Some(queue) = &mut self.queue else { return Ok(()) };
        let begins = !std::mem::replace(&mut queue.has_begun, true);
        let statements = std::mem::take(&mut queue.statements);
        if is_end {
            self.queue = None;
        }
        let Self { client, runtime, address, patience, .. } = &*self;
        let flight = async {
            let begin = begins.then(|| client.batch_execute("BEGIN"));
            let commit = is_end.then(|| client.batch_execute("COMMIT"));
            let mut waiting: Vec<Request<'_>> = Vec::new();
            waiting.extend(begin.map(|begin| Box::pin(begin) as Request<'_>));
            for (statement, parameters) in &statements {
                waiting
                    .push(Box::pin(async move { client.execute_raw(statement, parameters).await.map(drop) }));
            }
            waiting.extend(commit.map(|commit| Box::pin(commit) as Request<'_>));
            together(waiting).await
        };
        let result = runtime.block_on(async { timeout(*patience, flight).await });
        let result = result.map_err(|_| DatabaseError::silent(address, patience.as_secs()))?;
        Ok(result.map_err(|error| DatabaseError::of(address, &error))?)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let Self { client, runtime, address, patience, .. } = self;
        let result = runtime.block_on(async { timeout(*patience, client.prepare(sql)).await });
        let result = result.map_err(|_| DatabaseError::silent(address, patience.as_secs()))?;
        let statement = result.map_err(|error| DatabaseError::of(address, &error))?;
        // Each table has a few: the map does not grow.
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Returns the first row of a query; `None` if it has none.
    pub(super) fn row(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Vec<Value<'static>>>, StoreError> {
        let mut found = None;
        self.query(sql, values, &mut |row| {
            found.get_or_insert_with(|| row.iter().map(|value| Parameter::of(value).0).collect());
            Ok(())
        })?;
        Ok(found)
    }
}

/// A request, and its response to come.
type Request<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Waits for all, and fails with the first error. Each is polled once before any is waited for: that sends its
/// request, so that the server works through them in this order without a pause.
async fn together(mut waiting: Vec<Request<'_>>) -> Result<(), Error> {
    let mut pending = Vec::new();
    for mut future in waiting.drain(..) {
        match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            Poll::Ready(result) => result?,
            Poll::Pending => pending.push(future),
        }
    }
    for future in pending {
        future.await?;
    }
    Ok(())
}

impl Sql for Session {
    const DIALECT: Dialect = Dialect::POSTGRES;

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<(), StoreError> {
        let statement = self.prepare(sql)?;
        let is_alone = self.queue.is_none();
        let queue =
            self.queue.get_or_insert_with(|| Transaction { has_begun: true, ..Transaction::default() });
        queue.statements.push((statement, values.iter().map(Parameter::of).collect()));
        // Outside of a transaction, the caller expects the outcome.
        if is_alone {
            let result = self.send(false);
            self.queue = None;
            return result;
        }
        if queue.statements.len() >= FLIGHT { self.send(false) } else { Ok(()) }
    }

    fn batch(&mut self, statements: &str) -> Result<(), StoreError> {
        self.send(false)?;
        let Self { client, runtime, address, patience, .. } = self;
        let result = runtime.block_on(async { timeout(*patience, client.batch_execute(statements)).await });
        let result = result.map_err(|_| DatabaseError::silent(address, patience.as_secs()))?;
        Ok(result.map_err(|error| DatabaseError::of(address, &error))?)
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&[Value<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // What was queued before comes first.
        self.send(false)?;
        let statement = self.prepare(sql)?;
        let parameters: Vec<Parameter> = values.iter().map(Parameter::of).collect();
        let Self { client, runtime, address, patience, .. } = self;
        let silent = |_| DatabaseError::silent(address, patience.as_secs());
        let failed = |error| DatabaseError::of(address, &error);
        runtime.block_on(async {
            let rows = timeout(*patience, client.query_raw(&statement, &parameters)).await;
            let mut rows = pin!(rows.map_err(silent)?.map_err(failed)?);
            loop {
                let next = timeout(*patience, poll_fn(|cx| rows.as_mut().poll_next(cx))).await;
                let Some(row) = next.map_err(silent)? else { return Ok(()) };
                take(&read(&row.map_err(failed)?).map_err(failed)?)?;
            }
        })
    }
}

fn read(row: &Row) -> Result<Vec<Value<'_>>, Error> {
    let mut values = Vec::with_capacity(row.len());
    for at in 0..row.len() {
        values.push(row.try_get::<_, Field<'_>>(at)?.0);
    }
    Ok(values)
}

/// A value that was read.
struct Field<'a>(Value<'a>);

impl<'a> FromSql<'a> for Field<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            _ => Value::Text(<&str>::from_sql(kind, raw)?.into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        let is_number =
            [Type::INT8, Type::INT4, Type::INT2, Type::BOOL, Type::FLOAT8, Type::FLOAT4].contains(kind);
        is_number || <&str as FromSql<'_>>::accepts(kind)
    }
}

/// A value, as a parameter of a statement.
#[derive(Debug)]
struct Parameter(Value<'static>);

impl Parameter {
    fn of(value: &Value<'_>) -> Self {
        Self(match value {
            Value::Null => Value::Null,
            Value::Integer(number) => Value::Integer(*number),
            Value::Real(number) => Value::Real(*number),
            // The one character that PostgreSQL cannot hold. A change that holds it must not stop the server.
            Value::Text(text) => Value::Text(text.replace('\0', "\u{fffd}").into()),
        })
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Real(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        // Columns have no other types, and a parameter has that of its column.
        [Type::INT8, Type::FLOAT8, Type::TEXT].contains(kind)
    }

    to_sql_checked!();
}
