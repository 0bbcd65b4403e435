//! Rules of Windows' firewall, as the registry holds them:
//! `{…} REG_SZ v2.32|Action=Allow|Active=TRUE|Dir=In|Protocol=6|App=C:\mmcos\mmcos.exe|Name=mmcos|`.

/// Effect of all rules on a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A rule blocks it: in Windows' own question, "Cancel" was chosen.
    Blocked,
    /// A rule allows it.
    Allowed,
    /// No rule names it. Windows asks at its next start.
    NoRule,
}

/// Returns the effect of the rules in this text on connections to a program.
pub(crate) fn access(rules: &str, program: &str) -> Access {
    let mut access = Access::NoRule;
    for rule in rules.lines() {
        let value = |key: &str| {
            rule.split('|').find_map(|field| field.trim().split_once('=').filter(|(name, _)| *name == key))
        };
        let is =
            |key: &str, wanted: &str| value(key).is_some_and(|(_, value)| value.eq_ignore_ascii_case(wanted));
        // Windows compares paths so, too.
        let is_program = value("App").is_some_and(|(_, app)| app.to_lowercase() == program.to_lowercase());
        if !is_program || !is("Dir", "In") || !is("Active", "TRUE") {
            continue;
        }
        // A block wins over everything.
        if is("Action", "Block") {
            return Access::Blocked;
        }
        access = Access::Allowed;
    }
    access
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = r"C:\Games\mmcos\mmcos.exe";

    fn rule(action: &str, active: &str, direction: &str, app: &str) -> String {
        format!(
            "    {{0E6B}}    REG_SZ    v2.32|Action={action}|Active={active}|Dir={direction}|Protocol=6|\
             Profile=Private|App={app}|Name=mmcos|\r\n"
        )
    }

    #[test]
    fn a_block_wins_and_other_rules_do_not_count() {
        let allow = rule("Allow", "TRUE", "In", r"c:\games\MMCOS\mmcos.exe");
        let block = rule("Block", "TRUE", "In", PROGRAM);
        assert_eq!(access("", PROGRAM), Access::NoRule);
        assert_eq!(access(&allow, PROGRAM), Access::Allowed);
        assert_eq!(access(&format!("{block}{allow}"), PROGRAM), Access::Blocked);
        assert_eq!(access(&format!("{allow}{block}"), PROGRAM), Access::Blocked);
        for other in [
            rule("Block", "FALSE", "In", PROGRAM),
            rule("Block", "TRUE", "Out", PROGRAM),
            rule("Block", "TRUE", "In", r"C:\mmcos.exe"),
        ] {
            assert_eq!(access(&other, PROGRAM), Access::NoRule, "{other}");
        }
    }
}
