//! Named operators and admin sessions: views and commands.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    command::{CommandError, Deed},
    view::{NewPassword, OperatorRow, SessionRow, at},
};
use crate::{Mmcos, Record};
use mmcos_core::{
    admin::{AdminResponse, Caller, Operator, OperatorName, Refusal, Role, Token, TokenDigest},
    calendar::UtcText,
    seam::Wall,
    service::Context,
};

/// Days of the longest access with an end.
const MAX_DAYS: u32 = 3650;

/// Body of `PUT /api/v1/operators/{name}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutOperator {
    /// Permissions: viewer, moderator or admin.
    role: Role,
    /// Days until the access ends. Without it the access has no end.
    #[schemars(range(min = 1, max = MAX_DAYS))]
    days: Option<u32>,
}

impl Mmcos {
    pub(super) fn operator_rows(&self, now: Wall) -> Vec<OperatorRow<'_>> {
        let rows = self.operator.desk.operators().iter().map(|operator| OperatorRow {
            name: operator.name.as_str(),
            role: operator.role,
            made: operator.made.as_secs(),
            until: operator.until.map(Wall::as_secs),
            holds: operator.holds(now),
        });
        rows.collect()
    }

    pub(super) fn session_rows(&mut self, cx: &Context<'_, Self>, caller: &Caller) -> Vec<SessionRow> {
        let now = cx.now();
        let Some(gate) = self.operator.desk.gate() else { return Vec::new() };
        let own = gate.session_number(caller, now.monotonic);
        let rows = gate.sessions(now.monotonic).into_iter().map(|session| SessionRow {
            number: session.number,
            name: session.name.clone(),
            address: session.address.to_string(),
            since: at(session.made, now),
            own: own == Some(session.number),
        });
        rows.collect()
    }

    /// Adds an operator, or changes role and end of the one with this name.
    pub(super) fn put_operator(
        &mut self,
        cx: &mut Context<'_, Self>,
        name: &str,
        body: &[u8],
    ) -> Result<Deed, CommandError> {
        let PutOperator { role, days } = serde_json::from_slice(body)?;
        let name = OperatorName::try_from(name.to_string())?;
        if days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            return Err(CommandError::Value("`days`", "from 1 to 3650"));
        }
        let now = cx.now().wall;
        let millis = |days| i64::from(days).saturating_mul(86_400_000);
        let until = days.map(|days| Wall::from_millis(now.as_millis().saturating_add(millis(days))));
        let gate = self.operator.desk.gate().ok_or(Refusal::ProofNeeded)?;
        let known = gate.operators().get(name.as_str()).cloned();
        let (password, made, digest) = if let Some(known) = &known {
            (None, known.made, known.password)
        } else {
            gate.has_room()?;
            let (password, digest) = new_password(cx);
            (Some(password), now, digest)
        };
        let verb = if known.is_some() { "changed" } else { "added" };
        let text = format!("{verb} the operator {} ({role})", name.as_str());
        let operator = Operator { name, role, until, made, password: digest };
        let (before, after) = (known.as_ref().map(described), Some(described(&operator)));
        self.keep_operator(cx, operator);
        Ok(Deed::new(text)
            .changing(before, after)
            .with_response(AdminResponse::json(&NewPassword { password })))
    }

    /// Replaces the password of an operator. Admin sessions with the old one end.
    pub(super) fn renew_password(
        &mut self,
        cx: &mut Context<'_, Self>,
        name: &str,
    ) -> Result<Deed, CommandError> {
        let known = self.operator.desk.operators().get(name).cloned();
        let known = known.ok_or(CommandError::Unknown("operator"))?;
        let (password, digest) = new_password(cx);
        self.keep_operator(cx, Operator { password: digest, ..known });
        let text = format!("gave the operator {name} a new password");
        Ok(Deed::new(text).with_response(AdminResponse::json(&NewPassword { password: Some(password) })))
    }

    fn keep_operator(&mut self, cx: &mut Context<'_, Self>, operator: Operator) {
        cx.record(Record::Operator(operator.clone().into()));
        self.operator.desk.restore_operator(operator.name.clone().as_str(), Some(operator));
        self.end_unproved(cx);
    }

    pub(super) fn remove_operator(
        &mut self,
        cx: &mut Context<'_, Self>,
        name: &str,
    ) -> Result<Deed, CommandError> {
        let gate = self.operator.desk.gate().ok_or(Refusal::ProofNeeded)?;
        let operator = gate.remove_operator(name).ok_or(CommandError::Unknown("operator"))?;
        let before = described(&operator);
        cx.record(Record::OperatorRemoved(operator.name));
        self.end_unproved(cx);
        Ok(Deed::new(format!("removed the operator {name}")).changing(Some(before), None))
    }

    pub(super) fn end_admin_session(
        &mut self,
        cx: &mut Context<'_, Self>,
        number: &str,
    ) -> Result<Deed, CommandError> {
        let gate = self.operator.desk.gate().ok_or(Refusal::ProofNeeded)?;
        let session = number.parse().ok().and_then(|number| gate.end_session(number));
        let session = session.ok_or(CommandError::Unknown("session"))?;
        self.end_unproved(cx);
        Ok(Deed::new(format!("ended an admin session of {}", session.name)))
    }
}

/// Returns role and end of an operator, for the audit log.
fn described(operator: &Operator) -> String {
    let Operator { role, until, .. } = operator;
    until.map_or_else(|| role.to_string(), |until| format!("{role} until {}", UtcText::from(until)))
}

/// Returns a password of 128 random bits, and its digest.
fn new_password(cx: &mut Context<'_, Mmcos>) -> (String, TokenDigest) {
    let password = Token::new([cx.random(), cx.random()]).to_string();
    let digest = TokenDigest::of(password.as_bytes());
    (password, digest)
}
