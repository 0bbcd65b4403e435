//! The page that says what the server stores about people. docs/hosting/PRIVACY.md says the same to operators.

use maud::{Markup, html};

use crate::settings::Settings;

/// Returns the content of the page, as far as the settings decide it.
pub(super) fn page(settings: &Settings) -> Markup {
    let days = settings.address_days;
    let for_days = html! { (days) @if days == 1 { " day" } @else { " days" } };
    let rows = [
        (
            "Your SteamID and the number that the game shows, your name on Steam, title, level, points, division, \
             matches, and when you were first and last here",
            html! { "until you are deleted" },
        ),
        (
            "Your results, your place at the end of each season, and points that operators changed, with the reason",
            html! { "until you are deleted; a match keeps a number that no account has" },
        ),
        (
            "A ban of your Steam account or your address, with its reason",
            html! { "until it is lifted; one of addresses that has ended, " (for_days) " longer" },
        ),
        (
            "Commands of operators about you, such as a kick or a new name, with the reason",
            html! { "the latest 4,096 commands of all operators; without these texts once you are deleted" },
        ),
        ("The address of a login", html! { "in memory, at most " (for_days) }),
        (
            "Lines of the server's log about logins and rejected requests, with SteamID, name and address",
            html! { "as long as the operator keeps the log" },
        ),
    ];
    html! {
        h1 { "What this server stores about you" }
        table {
            thead { tr { th scope="col" { "What" } th scope="col" { "How long" } } }
            tbody { @for (what, long) in rows { tr { td { (what) } td { (long) } } } }
        }
        p {
            "No e-mail address, no payment data, no messages between players and no password of yours reaches this \
             server. It sends nothing to the authors of its program."
        }
        h2 { "What others see" }
        @if settings.public_pages {
            p {
                "Anyone can read the leaderboard, past seasons and the pages of players here: name, points, level and \
                 recent matches. "
                @if settings.public_names { "While you are online, your name is on the first page. " }
                "Only operators see SteamIDs and addresses."
            }
        } @else {
            p { "Players see names, points and places in the game. Only operators see SteamIDs and addresses." }
        }
        h2 { "Your data" }
        p {
            "Ask an operator of this server, and give the number that the game shows with your name. Operators can \
             give you everything that is stored about you, correct it, and delete it. Backups that were made before are \
             theirs to delete."
        }
    }
}
