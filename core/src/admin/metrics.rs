use alloc::string::String;
use core::fmt::{self, Write as _};

use super::AdminResponse;
use crate::{
    engine::Exchange,
    service::{Context, Service},
};

/// `Content-Type` of an [`Exposition`].
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that can grow and shrink.
    Gauge,
    /// Counts of values up to each bound.
    Histogram,
}

/// Metrics as text, in the format that Prometheus reads.
///
/// ```
/// use mmcos_core::admin::{Exposition, Kind};
/// let mut text = Exposition::of("game");
/// text.family("laps_total", Kind::Counter, "Laps driven.").sample(&[("track", "bath\"tub")], 3);
/// assert_eq!(
///     text.into_string(),
///     "# HELP game_laps_total Laps driven.\n# TYPE game_laps_total counter\n\
///      game_laps_total{track=\"bath\\\"tub\"} 3\n"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Exposition {
    text: String,
    prefix: &'static str,
}

/// The samples of one metric.
#[derive(Debug)]
pub struct Family<'a> {
    text: &'a mut String,
    prefix: &'static str,
    name: &'static str,
}

impl Exposition {
    /// Returns an empty exposition. `prefix` is the first word of each metric's name.
    pub const fn of(prefix: &'static str) -> Self {
        Self { text: String::new(), prefix }
    }

    /// Begins a metric. Its samples follow.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a String cannot fail, here and below.
        let Self { text, prefix } = self;
        let _ = write!(text, "# HELP {prefix}_{name} {help}\n# TYPE {prefix}_{name} {kind}\n");
        Family { text, prefix, name }
    }

    /// Sends the text.
    pub fn send<S: Service>(self, cx: &mut Context<'_, S>, exchange: Exchange) {
        AdminResponse::new(CONTENT_TYPE, self.text.into_bytes().into())
            .send(|response| cx.respond(exchange, response));
    }

    /// Returns the text.
    pub fn into_string(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// Adds a sample: a value, with labels that distinguish it from the metric's other samples.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl fmt::Display) -> &mut Self {
        self.line("", labels, value)
    }

    /// Adds a histogram: for each bound the number of values up to it (and above the bound before), then the number
    /// of values above all bounds, and the sum of all values.
    pub fn histogram<B: fmt::Display>(
        &mut self,
        labels: &[(&str, &str)],
        counts: impl IntoIterator<Item = (B, u64)>,
        larger: u64,
        sum: impl fmt::Display,
    ) -> &mut Self {
        let mut count = 0_u64;
        for (bound, more) in counts {
            count = count.saturating_add(more);
            let bound = alloc::format!("{bound}");
            self.line("_bucket", &[labels, &[("le", bound.as_str())]].concat(), count);
        }
        count = count.saturating_add(larger);
        self.line("_bucket", &[labels, &[("le", "+Inf")]].concat(), count);
        self.line("_sum", labels, sum).line("_count", labels, count)
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl fmt::Display) -> &mut Self {
        let _ = write!(self.text, "{}_{}{suffix}", self.prefix, self.name);
        for (index, (name, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{name}=\"{}\"", if index == 0 { '{' } else { ',' }, Escaped(value));
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
        self
    }
}

/// A number of thousandths, displayed as a decimal fraction.
#[derive(Clone, Copy, Debug)]
pub struct Thousandths(pub u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1000 {
            0 => write!(f, "{}", self.0 / 1000),
            part => write!(f, "{}.{part:03}", self.0 / 1000),
        }
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up() {
        let mut text = Exposition::of("x");
        text.family("a", Kind::Histogram, "b").histogram(&[("c", "d")], [(1, 2), (5, 3)], 4, 1.5);
        let lines = [
            "# HELP x_a b",
            "# TYPE x_a histogram",
            "x_a_bucket{c=\"d\",le=\"1\"} 2",
            "x_a_bucket{c=\"d\",le=\"5\"} 5",
            "x_a_bucket{c=\"d\",le=\"+Inf\"} 9",
            "x_a_sum{c=\"d\"} 1.5",
            "x_a_count{c=\"d\"} 9",
        ];
        assert!(text.into_string().lines().eq(lines));
    }
}
