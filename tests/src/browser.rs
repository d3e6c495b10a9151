//! Chromium, driven as a person drives it: W3C WebDriver over HTTP to `chromedriver`.
//!
//! As little of the protocol as the tests of the HTML report need. Deliberately installs nothing: without the programs
//! there is no browser, and who asks says so.

#![expect(
    clippy::disallowed_methods,
    reason = "the driver of the browser is asked over a loopback address"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Name of the key of an element's reference (WebDriver, 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open window.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Opens a window; `None` where chromium or chromedriver is not installed.
    ///
    /// # Errors
    /// They are installed and do not start.
    pub fn open() -> Result<Option<Self>> {
        if Command::new("chromium")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            return Ok(None);
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(driver) = driver else {
            return Ok(None);
        };
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
        };
        let mut ready = false;
        for _ in 0..100 {
            ready = TcpStream::connect(("127.0.0.1", port)).is_ok();
            if ready {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        if !ready {
            bail!("chromedriver does not answer");
        }
        let arguments = ["--headless", "--no-sandbox", "--disable-gpu"];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let made = browser.send("POST", "/session", Some(&wanted))?;
        let session = made
            .get("sessionId")
            .and_then(Value::as_str)
            .context("no session")?;
        session.clone_into(&mut browser.session);
        Ok(Some(browser))
    }

    /// Makes the window so wide, and asks pages for light or dark.
    ///
    /// # Errors
    /// The browser does not answer.
    pub fn look(&self, width: u32, dark: bool) -> Result<()> {
        let scheme = if dark { "dark" } else { "light" };
        for (command, parameters) in [
            (
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
            ),
            (
                "Emulation.setEmulatedMedia",
                json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
            ),
        ] {
            let body = json!({"cmd": command, "params": parameters});
            self.ask("goog/cdp/execute", &body)?;
        }
        Ok(())
    }

    /// Makes pages look as they are printed, or as on a screen again.
    ///
    /// # Errors
    /// The browser does not answer.
    pub fn on_paper(&self, paper: bool) -> Result<()> {
        let media = if paper { "print" } else { "screen" };
        let body = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"media": media}});
        self.ask("goog/cdp/execute", &body).map(drop)
    }

    /// Goes to a place on a page that lies in a file.
    ///
    /// # Errors
    /// The browser does not answer.
    pub fn go(&self, page: &Path, place: &str) -> Result<()> {
        let url = format!("file://{}{place}", page.display());
        // A page that is open already would be loaded anew, and the driver does not wait for that.
        self.ask("url", &json!({"url": "about:blank"}))?;
        self.ask("url", &json!({"url": url}))?;
        for _ in 0..600 {
            if self.run("return document.readyState")? == "complete" {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("{url} is not loaded after a minute")
    }

    /// What a script returns. It runs beside the page's own policy, as the console does.
    ///
    /// # Errors
    /// It throws.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.ask("execute/sync", &json!({"script": script, "args": []}))
    }

    /// What a script gives to its last argument, a function, when it is done.
    ///
    /// # Errors
    /// It throws, or is never done.
    pub fn wait_for(&self, script: &str) -> Result<Value> {
        self.ask("timeouts", &json!({"script": 60_000}))?;
        self.ask("execute/async", &json!({"script": script, "args": []}))
    }

    /// Clicks what the selector finds first, once it stands still in the middle of the window: what opens or closes
    /// above it moves it for a frame or two, and the driver does not look again.
    ///
    /// # Errors
    /// There is none, or it cannot be clicked.
    pub fn click(&self, selector: &str) -> Result<()> {
        let element = self.find(selector)?;
        let selector = json!(selector);
        self.wait_for(&format!(
            "const done = arguments[arguments.length - 1];
             const frames = left => {{
                 document.querySelector({selector}).scrollIntoView({{block: 'center', behavior: 'instant'}});
                 left ? requestAnimationFrame(() => frames(left - 1)) : done(true);
             }};
             frames(3);"
        ))?;
        self.ask(&format!("element/{element}/click"), &json!({}))
            .map(drop)
    }

    /// Types into what the selector finds first.
    ///
    /// # Errors
    /// There is none, or it takes no text.
    pub fn enter(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.find(selector)?;
        self.ask(&format!("element/{element}/clear"), &json!({}))?;
        self.ask(&format!("element/{element}/value"), &json!({"text": text}))
            .map(drop)
    }

    /// What the console says so far, refusals by the policy among it.
    ///
    /// # Errors
    /// The browser does not answer.
    pub fn console(&self) -> Result<Vec<String>> {
        let said = self.ask("se/log", &json!({"type": "browser"}))?;
        let lines = said.as_array().context("the log is no list")?;
        Ok(lines
            .iter()
            .map(|line| line.get("message").unwrap_or(&Value::Null).to_string())
            .collect())
    }

    fn find(&self, selector: &str) -> Result<String> {
        let found = self.ask(
            "element",
            &json!({"using": "css selector", "value": selector}),
        )?;
        let id = found.get(ELEMENT).and_then(Value::as_str);
        Ok(id
            .with_context(|| format!("{selector} is not there"))?
            .to_owned())
    }

    fn ask(&self, what: &str, body: &Value) -> Result<Value> {
        self.send(
            "POST",
            &format!("/session/{}/{what}", self.session),
            Some(body),
        )
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let value = answer.get("value").cloned().unwrap_or_default();
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            bail!(
                "{path}: {error}: {}",
                value.get("message").unwrap_or(&Value::Null)
            );
        }
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // The window closes with its session; what is left ends with the driver.
            let _ = self.send("DELETE", &format!("/session/{}", self.session), None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
