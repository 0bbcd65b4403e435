use super::*;

fn setup(addresses: &[&str], https: Option<&str>) -> Setup {
    Setup {
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        public_address: None,
        http: None,
        https: https
            .map(|address| super::super::Place { address: address.parse().unwrap(), instead_of: None }),
        data_dir: "/data".into(),
        config_file: None,
        has_page: true,
    }
}

fn no_placeholder_is_left(text: &str) {
    for name in ["{attention}", "{lines}", "{version}", "{address}", "{names}", "{quoted_names}"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[test]
fn the_page_has_this_servers_address_and_asks_no_other_host() {
    let page = page(&setup(&["192.168.1.20"], Some("[::]:443")));
    no_placeholder_is_left(&page);
    for host in GAME_HOSTS {
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
    let page_of = |https| page(&setup(&["192.168.1.20"], https));
    assert!(page_of(Some("[::]:8443")).contains("listens on port 8443"));
    assert!(page_of(None).contains("does not speak HTTPS"));
    assert!(page(&setup(&[], Some("[::]:443"))).contains("does not know its own address"));
}

/// What `cmd` and PowerShell would stumble over, as far as that can be seen from outside.
#[test]
fn the_windows_script_has_the_form_that_windows_needs() {
    let script = windows_script("2001:db8::5".parse().unwrap());
    no_placeholder_is_left(&script);
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

#[cfg(unix)]
mod on_copies {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::process::{Command, Output};

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
                fs::write(scratch.0.file(script), unix_script([10, 9, 8, last].into())).unwrap();
            }
            Self { hosts: file, scratch }
        }

        fn run(&self, script: &str, action: &[&str]) -> Output {
            let file = self.scratch.0.file(script);
            Command::new("sh").arg(file).args(action).env("HOSTS_FILE", &self.hosts).output().unwrap()
        }

        fn runs(&self, script: &str, action: &[&str]) -> String {
            let output = self.run(script, action);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        }

        fn hosts(&self) -> Vec<u8> {
            fs::read(&self.hosts).unwrap()
        }

        /// Neither adding nor undoing does anything but say why.
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

    const PLAIN: [&[u8]; 6] = [
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
            let text = String::from_utf8(computer.hosts()).unwrap();
            for host in GAME_HOSTS {
                assert_eq!(text.matches(&format!("\n10.9.8.7 {host}\n")).count(), 1, "{text}");
            }
            assert!(text.ends_with(std::str::from_utf8(original).unwrap()));
            assert_eq!(fs::read(computer.scratch.0.file("hosts.before-mmcos")).unwrap(), original);
            computer.runs("a", &["undo"]);
            assert_eq!(computer.hosts(), original);
            assert!(computer.runs("a", &["undo"]).contains("nothing to take out"));
        }
    }

    #[test]
    fn a_second_run_changes_nothing_and_another_server_takes_the_place() {
        let computer = Computer::with("again", PLAIN[1]);
        computer.runs("a", &[]);
        let once = computer.hosts();
        assert!(computer.runs("a", &[]).contains("there already"));
        assert_eq!(computer.hosts(), once);
        computer.runs("b", &[]);
        let text = String::from_utf8(computer.hosts()).unwrap();
        assert!(text.contains("10.9.8.8 mmcos.") && !text.contains("10.9.8.7"), "{text}");
        computer.runs("a", &["undo"]);
        assert_eq!(computer.hosts(), PLAIN[1]);
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
            ("127.0.0.1 bücher.example\n".as_bytes(), "not plain ASCII"),
            (b"\xef\xbb\xbf127.0.0.1 localhost\n", "not plain ASCII"),
            (b"127.0.0.1 localhost\0\n", "not plain ASCII"),
            (&utf16, "not plain ASCII"),
            (b"# mmcos begin\n10.9.8.7 mmcos.codemasters.com\n", "not as this script left them"),
            (b"# mmcos end\n# mmcos begin\n", "not as this script left them"),
            (twice.as_bytes(), "not as this script left them"),
            (
                b"# mmcos begin\n10.9.8.7 mmcos.codemasters.com\n10.0.0.2 nas\n# mmcos end\n",
                "not as this script left them",
            ),
        ] {
            Computer::with("strange", hosts).is_refused(why);
        }
    }

    #[test]
    fn other_lines_for_the_game_are_left_to_their_owner() {
        for foreign in ["0.0.0.0 ecdn.codemasters.com", "1.2.3.4\tx MMCOS.Codemasters.com # old\r"] {
            let computer = Computer::with("foreign", format!("127.0.0.1 localhost\n{foreign}\n").as_bytes());
            let before = computer.hosts();
            let output = computer.run("a", &[]);
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(message.contains("other lines") && message.contains(foreign.trim()), "{message}");
            assert_eq!(computer.hosts(), before);
        }
        let harmless = b"# 1.2.3.4 ecdn.codemasters.com\n1.2.3.4 not-ecdn.codemasters.com\n";
        Computer::with("harmless", harmless).runs("a", &[]);
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
