use std::{env, fs, path::PathBuf, process, thread};

use mmcos_game::{Mmcos, Settings};
use mmcos_std::config::{ConfigError, Loaded, Origin, Sources};

/// Takes any bytes as a configuration file. They are rejected with a line, or the configuration can be shown as a
/// file that makes the same one.
///
/// # Panics
/// If one of these promises is broken.
pub fn configuration_file(bytes: &[u8]) {
    match load(bytes) {
        Ok(loaded) => {
            let shown = loaded.to_string();
            match load(shown.as_bytes()) {
                Ok(again) => assert_eq!((again.config, again.game), (loaded.config, loaded.game), "{shown}"),
                Err(error) => panic!("{error}\n{shown}"),
            }
        }
        Err(error) => match line(&error) {
            Some(line) => {
                // Lines as an editor counts them: "\r\n" ends one line.
                let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
                let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count().saturating_sub(pairs);
                assert!((1..=lines).contains(&line), "there are {lines} lines: {error}");
            }
            // A file with a NUL is taken for UTF-16, although it can be UTF-8.
            None => assert!(str::from_utf8(bytes).is_err() || bytes.contains(&0), "{error}"),
        },
    }
}

/// Returns the line of the error.
fn line(error: &ConfigError) -> Option<usize> {
    match error {
        ConfigError::Syntax { origin: Origin::File { line, .. }, .. }
        | ConfigError::UnknownKey { origin: Origin::File { line, .. }, .. }
        | ConfigError::BadValue { origin: Origin::File { line, .. }, .. } => Some(*line),
        _ => None,
    }
}

fn load(bytes: &[u8]) -> Result<Loaded<Settings>, ConfigError> {
    let file = File::write(bytes);
    Sources { file: Some(file.0.clone()), ..Sources::default() }.load::<Mmcos>()
}

/// A file that is removed when dropped.
struct File(PathBuf);

impl File {
    fn write(bytes: &[u8]) -> Self {
        let name = format!("mmcos-fuzz-{}-{:?}.toml", process::id(), thread::current().id());
        let file = Self(env::temp_dir().join(name));
        fs::write(&file.0, bytes).expect("the directory for temporary files takes one");
        file
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
