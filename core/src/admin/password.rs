use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// An operator's password, as a digest that recognises it.
///
/// The digest is fast to compute, because a slow one would block the one thread that all players share. Even a fast
/// search cannot find 128 random bits; guesses at a chosen password are limited.
///
/// ```
/// use mmcos_core::admin::Password;
/// let password = Password::new("correct horse battery staple", &[7; 32]);
/// assert!(password.is(b"correct horse battery staple") && !password.is(b"correct horse"));
/// ```
#[derive(Clone)]
pub struct Password {
    mac: Hmac<Sha256>,
    digest: [u8; 32],
    is_random: bool,
}

impl Password {
    /// Returns the digest of a password of 128 random bits or more; `salt` is random.
    pub fn random(password: &str, salt: &[u8; 32]) -> Self {
        Self { is_random: true, ..Self::new(password, salt) }
    }

    /// Returns the digest of a password that a person chose; `salt` is random.
    pub fn new(password: &str, salt: &[u8; 32]) -> Self {
        // HMAC pads a key to a whole block with zeros.
        let mut block = [0; 64];
        if let Some(start) = block.first_chunk_mut::<32>() {
            *start = *salt;
        }
        let mac = Hmac::new(&block.into());
        let digest = mac.clone().chain_update(password.as_bytes()).finalize().into_bytes().into();
        Self { mac, digest, is_random: false }
    }

    /// Returns true if the password consists of random bits.
    pub(crate) const fn is_random(&self) -> bool {
        self.is_random
    }

    /// Returns true if this is the password. Runs in constant time.
    pub fn is(&self, tried: &[u8]) -> bool {
        self.mac.clone().chain_update(tried).verify_slice(&self.digest).is_ok()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
