use super::secrets::Secrets;

/// The longest secret, in bytes, that is waited for: a `PlatformID` has at most 4,096 digits.
const LONGEST: usize = 8 * 1024;

/// What comes before a secret, and where the secret then is.
const SIGNS: [(&[u8], State); 5] = [
    (b"SessionToken", State::Tag(Kind::SessionToken)),
    (b"PlatformID", State::Tag(Kind::PlatformId)),
    (b"X-Forwarded-For:", State::Element(Kind::Forwarded)),
    (b"X-Real-IP:", State::Element(Kind::Forwarded)),
    (b"SteamTicketblob", State::Length { seen: 0, value: 0 }),
];
/// Bytes of the longest of these, and of what must not stand before it.
const WINDOW: usize = 17;

/// What an element or a field of the head holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    SessionToken,
    PlatformId,
    Forwarded,
}

impl Kind {
    /// What comes after it.
    fn end(self) -> u8 {
        if matches!(self, Self::Forwarded) { b'\n' } else { b'<' }
    }
}

/// Finds the secrets in the bytes of one direction of a connection. What may be a part of one is held back until the
/// whole of it is there, and for ever if it never is.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    /// The last bytes that were passed on.
    window: Vec<u8>,
    /// A secret that is not whole.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Outside,
    /// In the tag after its name.
    Tag(Kind),
    /// In the element or field.
    Element(Kind),
    /// In an element that is too long for any secret.
    TooLong,
    /// In the length of a blob.
    Length { seen: u8, value: u32 },
    /// In a blob of which so many bytes are left.
    Blob(u32),
}

impl Scanner {
    /// Passes bytes on to `out`, as many as it takes, with what stands in for their secrets.
    pub(super) fn pass(&mut self, bytes: &[u8], secrets: &mut Secrets, out: &mut Vec<u8>) {
        for byte in bytes {
            self.state = self.step(*byte, secrets, out);
        }
    }

    /// Passes on what was held back: no more will come, so it is no secret.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        out.extend(self.held);
    }

    fn step(&mut self, byte: u8, secrets: &mut Secrets, out: &mut Vec<u8>) -> State {
        match self.state {
            State::Outside => {
                out.push(byte);
                self.sign(byte)
            }
            State::Tag(kind) => {
                out.push(byte);
                match byte {
                    b'>' => State::Element(kind),
                    b'<' => State::Outside,
                    _ => self.state,
                }
            }
            State::Element(kind) if byte == kind.end() => {
                out.extend(secrets.stand_in(kind, &self.held));
                self.held.clear();
                out.push(byte);
                State::Outside
            }
            State::Element(_) if self.held.len() < LONGEST => {
                self.held.push(byte);
                self.state
            }
            State::Element(_) => {
                self.held.push(byte);
                out.extend(self.held.drain(..).map(masked));
                State::TooLong
            }
            State::TooLong => {
                out.push(masked(byte));
                if byte == b'<' { State::Outside } else { State::TooLong }
            }
            State::Length { seen, value } => {
                out.push(byte);
                let value = value | u32::from(byte).wrapping_shl(u32::from(seen).wrapping_mul(8));
                match seen {
                    3 if value == 0 => State::Outside,
                    3 => State::Blob(value),
                    _ => State::Length { seen: seen.saturating_add(1), value },
                }
            }
            State::Blob(left) => {
                out.push(0);
                if left > 1 { State::Blob(left.saturating_sub(1)) } else { State::Outside }
            }
        }
    }

    /// What begins with this byte. A closing tag is followed by no secret.
    fn sign(&mut self, byte: u8) -> State {
        if self.window.len() == WINDOW {
            self.window.remove(0);
        }
        self.window.push(byte);
        let sign = SIGNS.iter().find_map(|(sign, state)| {
            let (before, end) = self.window.split_at_checked(self.window.len().checked_sub(sign.len())?)?;
            end.eq_ignore_ascii_case(sign).then_some((before, *state))
        });
        match sign {
            Some((before, state)) if !before.ends_with(b"/") => state,
            _ => State::Outside,
        }
    }
}

/// A letter or digit without what it says; anything else as it is.
pub(super) fn masked(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { b'x' } else { byte }
}
