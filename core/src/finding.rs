use alloc::string::String;

/// One result of a host's `doctor` command, which looks for anything that could keep players out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Severity.
    pub verdict: Verdict,
    /// Subject, in a word or two.
    pub about: &'static str,
    /// The finding. For a warning or a problem, also what it means and what to do.
    pub text: String,
}

/// Severity of a [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No problem.
    Ok,
    /// It works, or will, but not for all players or not for long.
    Warning,
    /// Players are kept out, or stored data is in danger.
    Problem,
}

impl Finding {
    /// Returns a finding without a problem.
    pub fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, about, text: text.into() }
    }

    /// Returns a finding about something that works, but not for all players or not for long.
    pub fn warning(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, about, text: text.into() }
    }

    /// Returns a finding about something that must be repaired.
    pub fn problem(about: &'static str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, about, text: text.into() }
    }
}
