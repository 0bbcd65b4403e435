//! Headless Chromium, driven by its `DevTools` protocol over two pipes.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with a temporary profile.
pub(crate) struct Browser {
    child: Child,
    folder: PathBuf,
    to: File,
    from: BufReader<File>,
    asked: u64,
    /// Messages other than responses.
    events: Vec<Value>,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let folder = std::env::temp_dir().join(format!(
            "mmcos-browser-{}-{:?}",
            std::process::id(),
            thread::current().id()
        ));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let pipes = ["to", "from"].map(|name| folder.join(name));
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        // Without a sandbox: as root, the usual user of a container, it does not work. The browser shows our own page
        // alone.
        let child = Command::new("sh")
            .arg("-c")
            .arg(
                "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                 --disable-background-networking --user-data-dir=\"$0/profile\" --remote-debugging-pipe \
                 about:blank 3<\"$0/to\" 4>\"$0/from\"",
            )
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(&pipes[0]).unwrap();
        let from = BufReader::new(File::open(&pipes[1]).unwrap());
        Self { child, folder, to, from, asked: 0, events: Vec::new() }
    }

    /// Opens a page of this size at this address.
    pub(crate) fn open(&mut self, url: &str, width: u32, height: u32) -> Page<'_> {
        let target =
            self.ask(None, "Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session =
            self.ask(None, "Target.attachToTarget", &attach)["sessionId"].as_str().unwrap().to_owned();
        self.events.clear();
        let mut page = Page { browser: self, session };
        for domain in ["Page", "Network", "Runtime", "Log"] {
            page.ask(&format!("{domain}.enable"), &json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        page.ask("Emulation.setDeviceMetricsOverride", &size);
        page.ask("Emulation.setScrollbarsHidden", &json!({ "hidden": true }));
        page.ask("Page.navigate", &json!({ "url": url }));
        page.wait(&format!("location.href === '{url}' && document.readyState === 'complete'"));
        page
    }

    fn ask(&mut self, session: Option<&str>, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            assert!(self.from.read_until(0, &mut bytes).unwrap() > 0, "the browser has ended");
            bytes.pop();
            let mut answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == self.asked {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An open page.
pub(crate) struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Page<'_> {
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.browser.ask(Some(&self.session), method, params)
    }

    /// Returns the value of a script.
    pub(crate) fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let result = self.ask("Runtime.evaluate", &params);
        assert!(result["exceptionDetails"].is_null(), "{script}: {result}");
        result["result"]["value"].clone()
    }

    /// Runs a script that opens a dialog, accepts or dismisses that, and returns its text.
    pub(crate) fn answer(&mut self, script: &str, accept: bool) -> String {
        // With a delay, because an evaluation ends only after the dialog.
        self.evaluate(&format!("void setTimeout(() => {{ {script} }})"));
        let until = Instant::now() + PATIENCE;
        let asked = loop {
            let opening = |event: &Value| event["method"] == "Page.javascriptDialogOpening";
            if let Some(index) = self.browser.events.iter().position(opening) {
                break self.browser.events.remove(index);
            }
            assert!(Instant::now() < until, "no dialog after {script}: {:?}", self.complaints());
            thread::sleep(Duration::from_millis(50));
            // Every response follows the earlier events.
            self.browser.ask(None, "Browser.getVersion", &json!({}));
        };
        self.ask("Page.handleJavaScriptDialog", &json!({ "accept": accept }));
        asked["params"]["message"].as_str().unwrap().to_owned()
    }

    /// Waits until this script has a true value.
    pub(crate) fn wait(&mut self, script: &str) {
        let until = Instant::now() + PATIENCE;
        while self.evaluate(&format!("Boolean({script})")) != true {
            let shown = self.evaluate("document.body && document.body.innerText");
            assert!(Instant::now() < until, "never: {script}\n{shown}\n{:?}", self.complaints());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the bytes of the page's heap, and the number of its nodes, after a garbage collection.
    pub(crate) fn memory(&mut self) -> [u64; 2] {
        // Twice: the first may leave objects with finalizers.
        for _ in 0..2 {
            self.ask("HeapProfiler.collectGarbage", &json!({}));
        }
        let heap = self.ask("Runtime.getHeapUsage", &json!({}))["usedSize"].as_u64().unwrap();
        let nodes = self.ask("Memory.getDOMCounters", &json!({}))["nodes"].as_u64().unwrap();
        [heap, nodes]
    }

    /// Moves the pointer to this place and holds the left button there for this time.
    pub(crate) fn press(&mut self, [x, y]: [f64; 2], hold: Duration) {
        let mut mouse = |kind: &str, button: &str| {
            let params = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", &params);
        };
        mouse("mouseMoved", "none");
        mouse("mousePressed", "left");
        thread::sleep(hold);
        mouse("mouseReleased", "left");
    }

    /// Presses and releases a key, such as `ArrowDown` or `Tab`.
    pub(crate) fn key(&mut self, name: &str) {
        let code = if name == "Tab" { 9 } else { 40 };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code });
            self.ask("Input.dispatchKeyEvent", &params);
        }
    }

    /// Sets the preferred colour scheme: light or dark.
    pub(crate) fn prefer(&mut self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", &features);
    }

    /// Returns the URLs of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.browser.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the browser's complaints: errors, blocked contents, open dialogs.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Page.javascriptDialogOpening") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        self.browser.events.iter().filter(bad).map(ToString::to_string).collect()
    }

    /// Returns the whole page as PNG.
    pub(crate) fn screenshot(&mut self) -> Vec<u8> {
        let params = json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": false });
        STANDARD.decode(self.ask("Page.captureScreenshot", &params)["data"].as_str().unwrap()).unwrap()
    }
}
