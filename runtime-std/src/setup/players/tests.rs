use mmcos_core::admin::ServerAddress;

use super::*;
use crate::data_dir::tests::Scratch;
use crate::host::program::tests::{GAME, STRICT};
use crate::setup::Place;

fn setup(https: Option<&str>) -> Setup {
    Setup {
        info: &GAME,
        addresses: Vec::new(),
        public_address: None,
        http: None,
        https: https.map(|address| Place { address: address.parse().unwrap(), instead_of: None }),
        admin: None,
        data_dir: "/data".into(),
        config_file: None,
        has_page: true,
    }
}

/// Returns the text at `path` for a visitor that reaches the server at `address`; without an address if that is empty.
fn text(https: Option<&str>, path: &str, address: &str) -> String {
    let page = pages(&setup(https), None).into_iter().find(|page| page.path == path).unwrap();
    let text = page.render(address.parse::<ServerAddress>().ok().as_ref(), "", &[]).unwrap();
    assert_filled(&text);
    text
}

/// Asserts that no placeholder is left.
fn assert_filled(text: &str) {
    let mut before = "$";
    for piece in text.split('{') {
        let name = if before.ends_with('$') { "" } else { piece.split('}').next().unwrap_or_default() };
        before = piece;
        let is_placeholder = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(!is_placeholder, "{{{name}}}");
    }
}

#[test]
fn an_authority_is_offered_installed_and_undone() {
    let Scratch(dir) = &Scratch::new("setup-authority");
    let authority =
        Authority::load_or_make(dir, &STRICT, mmcos_core::seam::Wall::from_secs(1_795_000_000)).unwrap();
    let setup = Setup { info: &STRICT, ..setup(Some("[::]:443")) };
    let pages = pages(&setup, Some(&authority));
    let text = |path: &str| {
        let text = pages.iter().find(|page| page.path == path).unwrap().by_ip.clone();
        assert_filled(&text.replace("{address}", "10.0.0.1").replace("{front}", ""));
        text
    };
    assert_eq!(text("/ca.cer"), authority.pem());
    assert!(!text("/ca.cer").contains("PRIVATE KEY"));
    assert!(text("/").contains("href=\"/ca.cer\""));
    let thumbprint = authority.thumbprint();
    for (script, install, undo) in [
        ("/setup.cmd", "-addstore Root $file", "-delstore Root $thumbprint"),
        ("/setup.sh", "-addstore Root \"$work/authority.cer\"", "-delstore Root \"$thumbprint\""),
    ] {
        let script = text(script);
        assert!(script.contains(&thumbprint) && script.contains(&STANDARD.encode(authority.der())));
        assert!(script.contains(install) && script.contains(undo), "{script}");
    }
    assert!(text("/setup.sh").contains("app='480'"));
}

/// Of a game that has nothing but a name and a certificate, the scripts would redirect `localhost`.
#[test]
fn a_game_without_texts_and_host_names_has_a_page_without_scripts() {
    static BARE: Info = Info { trust: Trust::System { steam_app: None }, ..Info::named("duel") };
    static NOT_ON_STEAM: Info = Info { hosts: &["duel.example"], ..BARE };
    let Scratch(dir) = &Scratch::new("setup-bare");
    let now = mmcos_core::seam::Wall::from_secs(1_795_000_000);
    let authority = Authority::load_or_make(dir, &BARE, now).unwrap();
    let of = |info| pages(&Setup { info, ..setup(Some("[::]:443")) }, Some(&authority));
    let bare = of(&BARE);
    assert!(bare.iter().map(|page| page.path.as_str()).eq(["/", "/ca.cer"]), "{bare:?}");
    let page = &bare[0].by_ip;
    assert_filled(&page.replace("{address}", "192.0.2.2").replace("{front}", ""));
    for absent in ["<p></p>", "localhost", "setup.cmd", "Undo", "undo", "cript"] {
        assert!(!page.contains(absent), "{absent}: {page}");
    }
    assert!(page.contains("href=\"/ca.cer\"") && page.contains("<footer>duel 0.0.0</footer>"), "{page}");
    let script = of(&NOT_ON_STEAM).into_iter().find(|page| page.path == "/setup.sh").unwrap().by_ip;
    assert!(
        script.contains("\napp=''\n") && script.contains("Install ca.cer from the server's page"),
        "{script}"
    );
}

#[test]
fn the_page_has_this_servers_address_and_asks_no_other_host() {
    let page = text(Some("[::]:443"), "/", "192.168.1.20");
    for host in GAME.hosts {
        assert!(
            page.contains(&format!("192.168.1.20 {host}\n")) || page.contains(&format!("20 {host}</code>"))
        );
    }
    assert!(page.contains("href=\"/setup.cmd\"") && page.contains("href=\"/setup.sh\""));
    assert!(!page.contains("<p class=\"attention\">"));
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "href=\"//"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_says_what_keeps_players_out() {
    let page_of = |https| text(https, "/", "192.168.1.20");
    assert!(page_of(Some("[::]:8443")).contains("listens on port 8443"));
    assert!(page_of(None).contains("does not speak HTTPS"));
    let https = Some("[::]:443");
    assert!(text(https, "/", "").contains("does not know its own address"));
    assert!(pages(&setup(https), None).iter().all(|page| (page.path == "/") == page.unknown.is_some()));
    let named = text(https, "/", "race.example.org");
    assert!(named.contains("nslookup race.example.org</code>"), "{named}");
    assert!(!named.contains("race.example.org game."), "a hosts file holds no names: {named}");
    assert!(named.contains("ADDRESS-OF-THE-SERVER game."), "{named}");
}

/// Checks for errors of `cmd` and PowerShell that can be seen without them.
#[test]
fn the_windows_script_has_the_form_that_windows_needs() {
    for address in ["2001:db8::5", "race.example.org"] {
        let script = text(None, "/setup.cmd", address);
        assert!(script.contains(&format!("$server = '{address}'\r\n")));
        assert!(script.is_ascii() && !script.contains('\t'));
        assert_eq!(script.matches('\n').count(), script.matches("\r\n").count());
        assert_eq!(script.matches('\r').count(), script.matches('\n').count());
        assert!(script.lines().all(|line| line.matches('"').count() % 2 == 0), "a quote is left open");
        let (batch, powershell) = script.split_once("\r\n#>\r\n").unwrap();
        assert!(batch.starts_with("<# :\r\n@echo off\r\n") && batch.ends_with("exit /b %MMCOS_CODE%"));
        assert!(!powershell.contains("#>"), "the comment that hides the other half ends once");
        for line in batch.lines().filter(|line| line.starts_with("rem")) {
            assert!(!line.contains(['%', '&', '|', '<', '>', '^']), "{line}");
        }
        for brackets in ["()", "{}", "[]"] {
            let count = |which| powershell.matches(brackets.chars().nth(which).unwrap()).count();
            assert_eq!(count(0), count(1), "{brackets}");
        }
    }
}

#[cfg(unix)]
mod on_copies {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::process::{Command, Output, Stdio};

    use super::*;
    use crate::data_dir::tests::Scratch;

    /// A hosts file and the scripts of two servers, `a` and `b`.
    struct Computer {
        scratch: Scratch,
        hosts: PathBuf,
    }

    impl Computer {
        fn with(name: &str, hosts: &[u8]) -> Self {
            let scratch = Scratch::new(&format!("setup-{name}"));
            let file = scratch.0.file("hosts");
            fs::write(&file, hosts).unwrap();
            for (script, last) in [("a", 7), ("b", 8)] {
                let text = text(None, "/setup.sh", &format!("10.9.8.{last}"));
                fs::write(scratch.0.file(script), text).unwrap();
            }
            Self { hosts: file, scratch }
        }

        fn run(&self, script: &str, action: &[&str]) -> Output {
            let file = self.scratch.0.file(script);
            Command::new("sh").arg(file).args(action).env("HOSTS_FILE", &self.hosts).output().unwrap()
        }

        /// Runs a script as `curl … | sh -s ACTION` does.
        fn run_from_input(&self, script: &str, action: &[&str]) -> Output {
            let script = fs::File::open(self.scratch.0.file(script)).unwrap();
            let mut shell = Command::new("sh");
            shell.arg("-s").args(action).stdin(script).env("HOSTS_FILE", &self.hosts);
            shell.current_dir(self.scratch.0.path()).output().unwrap()
        }

        fn copy(&self) -> Vec<u8> {
            fs::read(self.scratch.0.file("hosts.before-mmcos")).unwrap()
        }

        fn runs(&self, script: &str, action: &[&str]) -> String {
            let output = self.run(script, action);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        }

        fn hosts(&self) -> Vec<u8> {
            fs::read(&self.hosts).unwrap()
        }

        /// Asserts that adding and undoing fail with this reason and change nothing.
        fn is_refused(&self, why: &str) {
            let before = self.hosts();
            for action in [&[][..], &["undo"]] {
                let output = self.run("a", action);
                let message = String::from_utf8(output.stderr).unwrap();
                assert!(message.contains("Nothing was changed") && message.contains(why), "{message}");
                assert_eq!(output.status.code(), Some(1));
                assert_eq!(self.hosts(), before);
            }
            assert!(!self.scratch.0.file("hosts.before-mmcos").exists(), "nothing was even begun");
        }
    }

    const PLAIN: [&[u8]; 10] = [
        b"# Spielger\xe4te\n127.0.0.1 localhost\n10.0.0.2 nas # b\xfcro\n",
        "127.0.0.1 localhost # größer 家\n".as_bytes(),
        b"\xef\xbb\xbf127.0.0.1 localhost\r\n",
        b"# \x85\xa0\xff\x01\x1b and no end of line \x80",
        b"127.0.0.1 localhost\n::1 localhost\n",
        b"127.0.0.1 localhost",
        b"# Copyright (c) Microsoft Corp.\r\n127.0.0.1\tlocalhost\r\n",
        b"mixed\r\nends\nof lines",
        b"\n\n",
        b"",
    ];

    #[test]
    fn undo_gives_back_every_byte() {
        for original in PLAIN {
            let computer = Computer::with("undo", original);
            computer.runs("a", &[]);
            let text = String::from_utf8_lossy(&computer.hosts()).into_owned();
            for host in GAME.hosts {
                assert_eq!(text.matches(&format!("\n10.9.8.7 {host}\n")).count(), 1, "{text}");
            }
            assert!(computer.hosts().ends_with(original));
            assert_eq!(computer.copy(), original);
            computer.runs("a", &["undo"]);
            assert_eq!(computer.hosts(), original);
            assert!(computer.runs("a", &["undo"]).contains("nothing to remove"));
        }
    }

    #[test]
    fn a_second_run_changes_nothing_and_another_server_takes_the_place() {
        let original = b"127.0.0.1 localhost";
        let computer = Computer::with("again", original);
        computer.runs("a", &[]);
        let once = computer.hosts();
        assert!(computer.runs("a", &[]).contains("there already"));
        assert_eq!(computer.hosts(), once);
        computer.runs("b", &[]);
        let text = String::from_utf8(computer.hosts()).unwrap();
        assert!(text.contains("10.9.8.8 game.") && !text.contains("10.9.8.7"), "{text}");
        assert_eq!(computer.copy(), original, "the first copy stays");
        computer.runs("a", &["undo"]);
        assert_eq!((computer.hosts(), computer.copy()), (original.to_vec(), original.to_vec()));
        let files = fs::read_dir(computer.scratch.0.path()).unwrap().count();
        assert_eq!(files, 4, "the hosts file, one copy, two scripts");
    }

    #[test]
    fn a_copy_never_has_the_lines_of_this_script() {
        let computer = Computer::with("copy", PLAIN[0]);
        computer.runs("a", &[]);
        fs::remove_file(computer.scratch.0.file("hosts.before-mmcos")).unwrap();
        computer.runs("b", &[]);
        assert_eq!(computer.copy(), PLAIN[0]);
    }

    #[test]
    fn it_runs_from_standard_input() {
        let computer = Computer::with("input", PLAIN[0]);
        for (action, done) in [(&[][..], "now uses"), (&[], "there already"), (&["undo"], "were removed")] {
            let output = computer.run_from_input("a", action);
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success() && said.contains(done), "{said}");
        }
        assert_eq!(computer.hosts(), PLAIN[0]);
        let script = fs::read(computer.scratch.0.file("a")).unwrap();
        for end in (0..script.len() - 1).step_by(97).chain([script.len() - 2]) {
            fs::write(computer.scratch.0.file("part"), &script[..end]).unwrap();
            computer.run_from_input("part", &[]);
            assert_eq!(computer.hosts(), PLAIN[0], "a download that broke off after {end} bytes");
        }
    }

    /// For a user without write access to the file, `sudo` makes the change alone. Here it prints its arguments.
    #[test]
    fn sudo_makes_the_change_alone_and_its_refusal_is_explained() {
        if rustix::process::geteuid().is_root() {
            // Root may write everything: run this test as another user.
            return as_another_user();
        }
        sudo_is_asked(&Computer::with("sudo", PLAIN[0]), &[]);
    }

    fn as_another_user() {
        let computer = Computer::with("sudo-root", PLAIN[0]);
        for file in ["a", "hosts"] {
            fs::set_permissions(computer.scratch.0.file(file), fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(computer.scratch.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        sudo_is_asked(&computer, &["setpriv", "--reuid=65534", "--clear-groups"]);
    }

    fn sudo_is_asked(computer: &Computer, user: &[&str]) {
        let bin = computer.scratch.0.file("bin");
        fs::create_dir(&bin).unwrap();
        let sudo = bin.join("sudo");
        let said = "#!/bin/sh\n[ \"$1\" = sh ] && [ \"$2\" = -c ] || exit 9\necho 'sudo: a terminal is required' >&2\nexit 1\n";
        fs::write(&sudo, said).unwrap();
        for path in [&bin, &sudo] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(&computer.hosts, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(computer.scratch.0.path(), fs::Permissions::from_mode(0o555)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(user.first().unwrap_or(&"sh"));
        if let Some((_, rest)) = user.split_first() {
            command.args(rest).arg("sh");
        }
        command.arg("-s").env("PATH", path).env("HOSTS_FILE", &computer.hosts);
        command.stdin(Stdio::from(fs::File::open(computer.scratch.0.file("a")).unwrap()));
        let output = command.output().unwrap();
        fs::set_permissions(computer.scratch.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("a terminal is required") && message.contains("or as root"), "{message}");
        assert_eq!(computer.hosts(), PLAIN[0]);
    }

    #[test]
    fn what_was_added_later_stays() {
        let computer = Computer::with("later", PLAIN[0]);
        computer.runs("a", &[]);
        let later = [&b"10.0.0.1 printer\n"[..], &computer.hosts(), b"10.0.0.2 nas"].concat();
        fs::write(&computer.hosts, later).unwrap();
        computer.runs("a", &["undo"]);
        assert_eq!(computer.hosts(), [b"10.0.0.1 printer\n", PLAIN[0], b"10.0.0.2 nas"].concat());
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let utf16: Vec<u8> = "127.0.0.1 localhost\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let twice = "# mmcos begin\n# mmcos end\n".repeat(2);
        for (hosts, why) in [
            (b"127.0.0.1 localhost\0\n".as_slice(), "zero bytes"),
            (&utf16, "zero bytes"),
            (&[&b"\xff\xfe"[..], &utf16].concat(), "UTF-16"),
            (
                "\u{feff}\u{5bb6}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>().as_slice(),
                "UTF-16",
            ),
            (b"# mmcos begin\n10.9.8.7 game.example.com\n", "not as this script left them"),
            (b"# mmcos end\n# mmcos begin\n", "not as this script left them"),
            (twice.as_bytes(), "not as this script left them"),
            (
                b"# mmcos begin\n10.9.8.7 game.example.com\n10.0.0.2 nas\n# mmcos end\n",
                "not as this script left them",
            ),
        ] {
            Computer::with("strange", hosts).is_refused(why);
        }
    }

    #[test]
    fn other_lines_for_the_game_are_replaced_only_when_that_is_asked_for() {
        for foreign in
            ["0.0.0.0 stats.example.com", "1.2.3.4\tgame.example.com GAME.Example.com # \u{fc}ld\r"]
        {
            for rest in ["", "\n", "\n10.0.0.2 nas\n"] {
                let original = format!("127.0.0.1 localhost\n{foreign}{rest}");
                let computer = Computer::with("foreign", original.as_bytes());
                let output = computer.run("a", &[]);
                let said =
                    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
                assert!(said.contains(foreign.trim()) && said.contains("setup.sh replace"), "{said}");
                assert_eq!((output.status.code(), computer.hosts()), (Some(1), original.clone().into()));
                computer.runs("a", &["replace"]);
                let text = String::from_utf8(computer.hosts()).unwrap();
                let expected = original.replace(foreign, &format!("# mmcos replaced: {foreign}"));
                assert!(text.starts_with("# mmcos begin") && text.ends_with(&expected), "{text}");
                assert!(computer.runs("a", &[]).contains("there already"));
                computer.runs("b", &[]);
                assert_eq!(computer.copy(), original.as_bytes());
                computer.runs("a", &["undo"]);
                assert_eq!(computer.hosts(), original.as_bytes());
            }
        }
        let harmless = b"# 1.2.3.4 stats.example.com\n1.2.3.4 not-stats.example.com\n";
        Computer::with("harmless", harmless).runs("a", &[]);
    }

    #[test]
    fn a_line_that_names_more_than_the_game_is_never_made_a_comment() {
        let original = b"127.0.0.1 localhost game.example.com\n";
        let computer = Computer::with("mixed", original);
        let output = computer.run("a", &["replace"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("other names") && message.contains("127.0.0.1 localhost game"), "{message}");
        assert_eq!((output.status.code(), computer.hosts()), (Some(1), original.to_vec()));
    }

    #[test]
    fn lines_that_an_editor_saved_with_a_byte_order_mark_are_known_again() {
        let computer = Computer::with("mark", b"127.0.0.1 localhost\n");
        computer.runs("a", &[]);
        fs::write(&computer.hosts, [b"\xef\xbb\xbf".as_slice(), &computer.hosts()].concat()).unwrap();
        computer.runs("b", &[]);
        computer.runs("b", &["undo"]);
        assert_eq!(computer.hosts(), b"127.0.0.1 localhost\n");
    }

    #[test]
    fn a_name_is_resolved_where_the_player_is() {
        let computer = Computer::with("name", b"127.0.0.1 localhost\n");
        fs::write(computer.scratch.0.file("a"), text(None, "/setup.sh", "localhost")).unwrap();
        computer.runs("a", &[]);
        let hosts = String::from_utf8(computer.hosts()).unwrap();
        assert!(hosts.contains("\n127.0.0.1 game.example.com\n"), "{hosts}");
        fs::write(computer.scratch.0.file("a"), text(None, "/setup.sh", "nowhere.invalid")).unwrap();
        let before = computer.hosts();
        let output = computer.run("a", &[]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("address of nowhere.invalid cannot be found"), "{message}");
        assert_eq!(computer.hosts(), before);
    }

    #[test]
    fn a_protected_file_or_a_link_is_left_alone() {
        let computer = Computer::with("protected", PLAIN[0]);
        fs::set_permissions(&computer.hosts, fs::Permissions::from_mode(0o444)).unwrap();
        computer.is_refused("write-protected");
        let computer = Computer::with("link", PLAIN[0]);
        let real = computer.scratch.0.file("real");
        fs::rename(&computer.hosts, &real).unwrap();
        std::os::unix::fs::symlink(&real, &computer.hosts).unwrap();
        computer.is_refused("is a link");
    }

    #[test]
    fn a_word_that_it_does_not_know_changes_nothing() {
        let computer = Computer::with("word", PLAIN[0]);
        assert!(!computer.run("a", &["remove"]).status.success());
        assert_eq!(computer.hosts(), PLAIN[0]);
    }
}
