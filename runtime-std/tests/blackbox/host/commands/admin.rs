//! `mmcos admin`: an operator's commands on the command line, with a running server.

use std::fs;

use crate::blackbox::rig::{
    client::Client,
    player::{Player, RACE, steam_id},
    process::{Scratch, Server, program},
};

/// Runs a command. Returns its output, or its error message.
fn admin(scratch: &Scratch, words: &[&str]) -> Result<String, String> {
    let output = program(scratch, &[&["admin"], words].concat()).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { Ok(String::from_utf8(output.stdout).unwrap()) } else { Err(errors) }
}

#[test]
fn an_operator_does_on_the_command_line_what_the_dashboard_does() {
    let server = Server::start();
    let mut ann = Player::named(Client::plain(server.http), 1, "Annabella");
    Player::named(Client::plain(server.http), 2, "Benedict");
    ann.search(RACE);
    let admin = |words: &[&str]| admin(server.scratch(), words);
    let done = |words: &[&str]| assert_eq!(admin(words).as_deref(), Ok("Done.\n"), "{words:?}");
    let json = |words: &[&str]| {
        let text = admin(&[words, &["--json"]].concat()).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };

    let players = admin(&["players"]).unwrap();
    assert!(players.starts_with("user_id  steam_id           name       "), "{players}");
    assert!(players.contains("Annabella") && players.contains("searching"), "{players}");
    let found = admin(&["players", "BENED", "--sort", "points"]).unwrap();
    assert!(found.contains("Benedict") && !found.contains("Annabella"), "{found}");
    assert_eq!(json(&["players", "--filter", "searching"])["rows"][0]["name"], "Annabella");
    assert!(admin(&["player", "1"]).unwrap().contains("Annabella"));

    done(&["points", "1", "-5", "a crash"]);
    done(&["title", "1", "lng_player_title_elite", "won the cup"]);
    done(&["kick", "1", "a break"]);
    done(&["kick", "1"]);
    assert_eq!(json(&["data", "1"])["player"]["profile"]["title"], "lng_player_title_elite");
    assert_eq!(json(&["data", "1"])["adjustments"][0]["reason"], "a crash");
    assert_eq!(json(&["players", "annabella"])["rows"][0]["does"], "away");
    done(&["message", "Races at eight!"]);
    done(&["maintenance", "true"]);
    let state = json(&["state"]);
    assert_eq!(
        (&state["server"]["message"], &state["server"]["maintenance"]),
        (&"Races at eight!".into(), &true.into())
    );
    done(&["reset", "maintenance"]);
    assert_eq!(json(&["state"])["server"]["maintenance"], false);
    let id = steam_id(1).to_string();
    done(&["ban", &id, "--hours", "2", "--reason", "a cheat"]);
    assert!(admin(&["bans"]).unwrap().contains("a cheat"));
    done(&["lift", &id]);
    assert_eq!(admin(&["bans"]).unwrap(), "(none)\n");
    let password = admin(&["operator", "anna", "viewer", "--days", "30"]).unwrap();
    assert!(password.starts_with("password  "), "{password}");
    assert!(admin(&["operators"]).unwrap().contains("viewer"));
    assert_eq!(admin(&["sessions"]).unwrap(), "(none)\n");
    assert!(admin(&["state"]).unwrap().contains("players online"));

    let audit = json(&["audit", "--order", "asc"]);
    let entry = audit["rows"][0].clone();
    assert_eq!(
        (&entry["operator"], &entry["command"]),
        (&"console".into(), &"POST /api/v1/players/{user_id}/points".into())
    );
    assert_eq!(audit["total"], 10);
}

#[test]
fn a_backup_by_command_restores() {
    let server = Server::start();
    let backup = || {
        assert_eq!(admin(server.scratch(), &["backup"]).as_deref(), Ok("Done.\n"));
        server.backup()
    };
    // Without players there may be bans, operators and settings.
    fs::remove_file(backup()).unwrap();
    Player::named(Client::plain(server.http), 1, "Annabella");
    let copy = backup();
    let other = Scratch::new();
    let run = |words: &[&str]| program(&other, words).output().unwrap();
    assert!(run(&["restore", copy.to_str().unwrap()]).status.success());
    let exported = String::from_utf8(run(&["export", "--json"]).stdout).unwrap();
    assert!(exported.contains("Annabella"), "{exported}");
}

#[test]
fn refusals_say_what_to_do() {
    let server = Server::start();
    let refused = |words: &[&str]| admin(server.scratch(), words).unwrap_err();
    let says = |words: &[&str], expected: &str| {
        let errors = refused(words);
        assert!(errors.contains(expected) && errors.lines().count() == 1, "{words:?}: {errors}");
    };
    says(&["kick", "7"], "there is no such player");
    says(&["ban", "10.0.0.0/8"], "Repeat the command with --confirm if you mean it");
    assert!(admin(server.scratch(), &["ban", "10.0.0.0/8", "--confirm"]).is_ok());
    says(&["points", "1", "5000000", "x"], "`change` must be from -100000 to 100000");
    says(&["points", "1", "many", "x"], "CHANGE must be a whole number; usage: ");
    says(&["points", "1"], "CHANGE is missing; usage: ");
    says(&["set", "colour", "red"], "colour");
    says(&["players", "--sort", "colour"], "`sort` must be one of number, name");
    says(&["promote", "1"], "there is no command `admin promote`");

    let list = admin(server.scratch(), &[]).unwrap();
    assert!(list.contains("\n  ban SUBJECT [--confirm] [--hours NUMBER]"), "{list}");

    let strict = Server::start_with(&["--admin-networks", "203.0.113.0/24"]);
    let errors = admin(strict.scratch(), &["players"]).unwrap_err();
    assert!(errors.contains("add the address to admin-networks"), "{errors}");

    let scratch = server.stop();
    let errors = admin(&scratch, &["players"]).unwrap_err();
    assert!(errors.contains("no server with a dashboard runs") && errors.contains("start it"), "{errors}");
    fs::remove_dir_all(scratch.data()).unwrap();
    let errors = admin(&scratch, &["players"]).unwrap_err();
    assert!(errors.contains("there is no data directory"), "{errors}");
}
