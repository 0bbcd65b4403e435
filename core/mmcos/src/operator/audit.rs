//! The audit log: what was done, by which operator, when and from where. Addresses go when they are old.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::time::Duration;

use super::command::Deed;
use crate::{LogEvent, Mmcos, Record, moderation::Subject};
use mmcos_core::{
    admin::{AdminResponse, AuditEntry},
    engine::Peer,
    seam::{Monotonic, Storage, Wall},
    service::Context,
    wire::http::Request,
};

/// Time between two looks for old addresses, in a server that has requests. (Our choice.)
const SWEEP: Duration = Duration::from_hours(1);

/// The time of the next look for old addresses.
#[derive(Debug, Default)]
pub(crate) struct Sweep(Monotonic);

impl Mmcos {
    /// Logs a command that was carried out, and records it. Returns its response.
    pub(super) fn conclude(
        &mut self,
        cx: &mut Context<'_, Self>,
        (request, path): (&Request<'_>, &str),
        operator: String,
        peer: Peer,
        deed: Deed,
    ) -> AdminResponse {
        let Deed { text, about, before, after, response } = deed;
        // Logging in must be possible while nothing can be saved; every other command was rejected before.
        if !matches!(cx.storage(), Storage::Unavailable(_)) {
            let entry = AuditEntry {
                number: 0,
                at: cx.now().wall,
                operator: operator.clone(),
                address: Some(peer.address.ip()),
                command: format!("{} {path}", request.method().name()),
                text: text.clone(),
                about: about.map(|user| user.0),
                before,
                after,
            };
            let (entry, evicted) = self.operator.audit.add(entry);
            cx.record(Record::Audit(Box::new(entry.clone())));
            if let Some(number) = evicted {
                cx.record(Record::AuditForgotten(number));
            }
        }
        cx.log(LogEvent::Operator { operator, peer: peer.address, deed: text });
        response
    }

    /// Drops addresses that are older than the setting `address-days`: those of operators in the audit log, of logins,
    /// and bans of addresses that ended so long ago.
    pub(crate) fn drop_old_addresses(&mut self, cx: &mut Context<'_, Self>) {
        let Sweep(next) = self.operator.sweep;
        if cx.now().monotonic < next || cx.storage() != Storage::Available {
            return;
        }
        self.operator.sweep = Sweep(cx.now().monotonic.after(SWEEP));
        // A clock that jumped ahead must not empty the log.
        let now = cx.clock().earliest().as_millis();
        let kept = i64::from(self.settings.address_days).saturating_mul(86_400_000);
        let oldest = Wall::from_millis(now.saturating_sub(kept));
        while let Some(entry) = self.operator.audit.drop_address(oldest) {
            cx.record(Record::Audit(Box::new(entry.clone())));
        }
        self.sessions.forget_logins(|login| login.at < oldest);
        cx.forget_log_lines(|line| line.at < oldest);
        let is_old = |until: Option<Wall>| until.is_some_and(|until| until < oldest);
        let old = self.bans.iter().filter(|ban| is_old(ban.until)).map(|ban| ban.subject);
        let old: Vec<Subject> = old.filter(|subject| matches!(subject, Subject::Addresses(_))).collect();
        for subject in old {
            self.bans.lift(subject);
            cx.record(Record::Unban(subject));
        }
    }
}
