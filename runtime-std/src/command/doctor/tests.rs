use std::path::Path;

use super::*;
#[cfg(unix)]
use crate::data_dir::tests::Scratch;
use crate::host::program::tests::GAME;

#[test]
#[cfg(unix)]
fn a_key_that_others_may_read_is_a_problem() {
    use std::os::unix::fs::PermissionsExt as _;
    let Scratch(dir) = &Scratch::new("doctor-modes");
    dir.write("server.key", &[0; 32]).unwrap();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let problems = || data::directory(dir).iter().filter(|it| it.verdict == Verdict::Problem).count();
    assert_eq!(problems(), 0);
    open(&dir.file("server.key"), 0o644);
    assert_eq!(problems(), 0, "nobody else gets at it");
    open(dir.path(), 0o755);
    assert_eq!(problems(), 1);
    open(dir.path(), 0o777);
    assert_eq!(problems(), 2);
}

#[test]
fn a_clock_that_is_not_set_is_a_problem() {
    let unset = mmcos_core::seam::Wall::from_secs(0);
    assert_eq!(machine::clock(unset).verdict, Verdict::Problem);
}

#[test]
fn the_hosts_file_is_judged_by_where_it_leads() {
    let judge = |text: &str| {
        let finding = machine::judge(&GAME, Path::new("hosts"), text, |address| address.is_loopback());
        (finding.verdict, finding.text)
    };
    assert!(judge("127.0.0.1 localhost\n# 1.2.3.4 stats.example.com\n").1.contains("does not name"));
    let all = "127.0.0.1 game.example.com\n::1 STATS.example.com # here\n";
    assert!(judge(all).1.contains("redirects the game to this server"));
    let (verdict, text) = judge("127.0.0.1 game.example.com\n");
    assert!(verdict == Verdict::Warning && text.contains("not for stats.example.com"), "{text}");
    let (verdict, text) = judge(&format!("{all}9.9.9.9 stats.example.com"));
    assert!(verdict == Verdict::Warning && text.contains("redirects stats.example.com to 9.9.9.9"), "{text}");
}
