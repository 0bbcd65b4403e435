use alloc::string::String;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::BoxedUint;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use sha1::{Digest, Sha1};
use thiserror::Error;

use super::{SIGNATURE_LEN, Ticket};

/// An RSA key of 1024 bits that verifies Steam tickets. Keep it: creating one costs some microseconds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "Numbers", try_from = "Numbers")]
pub struct PublicKey(rsa::PublicKey);

impl PublicKey {
    /// Returns the key with this modulus (big-endian) and exponent.
    pub fn new(modulus: &[u8; SIGNATURE_LEN], exponent: u32) -> Result<Self, KeyError> {
        // A public key is no secret, so the time may depend on it.
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        rsa::PublicKey::new(modulus, BoxedUint::from(exponent)).map(Self).map_err(KeyError)
    }

    /// Returns Steam's "system" key of the public universe, the same for all users. (Source: published by `SteamKit`
    /// and others; the signatures of real tickets are valid for it.)
    pub fn steam() -> Self {
        // The checks of `new` are for unknown keys; a test applies them to this one.
        let modulus = BoxedUint::from_be_slice_vartime(&STEAM_MODULUS);
        Self(rsa::PublicKey::new_unchecked(modulus, BoxedUint::from(STEAM_EXPONENT)))
    }
}

/// A key as text: modulus in base64, and exponent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Numbers {
    modulus: String,
    exponent: u32,
}

impl From<PublicKey> for Numbers {
    fn from(PublicKey(key): PublicKey) -> Self {
        // At most four bytes, since `new` takes a `u32`.
        let exponent = key.e_bytes().iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        Self { modulus: STANDARD.encode(key.n_bytes()), exponent }
    }
}

impl TryFrom<Numbers> for PublicKey {
    type Error = KeyError;

    fn try_from(Numbers { modulus, exponent }: Numbers) -> Result<Self, KeyError> {
        let modulus = STANDARD.decode(modulus).ok().and_then(|bytes| bytes.try_into().ok());
        Self::new(&modulus.ok_or(KeyError(rsa::Error::InvalidModulus))?, exponent)
    }
}

/// Verifies that the holder of the key, Steam, signed this ticket's ownership part: RSASSA-PKCS1-v1_5 with SHA-1.
pub fn verify(ticket: &Ticket<'_>, key: &PublicKey) -> Result<(), SignatureError> {
    // SHA-1 because Steam signs with it; real tickets verify (PROTOCOL.md, section 3).
    let digest = Sha1::digest(ticket.signed_bytes());
    key.0.verify(Pkcs1v15Sign::new::<Sha1>(), &digest, ticket.signature()).map_err(|_| SignatureError)
}

/// The signature is not valid for this key and this ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the Steam ticket's signature does not hold: Steam did not make this ticket, or it was changed since; \
     start the game through Steam, with an account that owns it"
)]
pub struct SignatureError;

/// Numbers that are not an RSA key of 1024 bits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected the modulus and exponent of an RSA key of 1024 bits: {0}")]
pub struct KeyError(rsa::Error);

const STEAM_EXPONENT: u32 = 17;
const STEAM_MODULUS: [u8; SIGNATURE_LEN] = [
    0xdf, 0xec, 0x1a, 0xd6, 0x2c, 0x10, 0x66, 0x2c, 0x17, 0x35, 0x3a, 0x14, 0xb0, 0x7c, 0x59, 0x11, 0x7f,
    0x9d, 0xd3, 0xd8, 0x2b, 0x7a, 0xe3, 0xe0, 0x15, 0xcd, 0x19, 0x1e, 0x46, 0xe8, 0x7b, 0x87, 0x74, 0xa2,
    0x18, 0x46, 0x31, 0xa9, 0x03, 0x14, 0x79, 0x82, 0x8e, 0xe9, 0x45, 0xa2, 0x49, 0x12, 0xa9, 0x23, 0x68,
    0x73, 0x89, 0xcf, 0x69, 0xa1, 0xb1, 0x61, 0x46, 0xbd, 0xc1, 0xbe, 0xbf, 0xd6, 0x01, 0x1b, 0xd8, 0x81,
    0xd4, 0xdc, 0x90, 0xfb, 0xfe, 0x4f, 0x52, 0x73, 0x66, 0xcb, 0x95, 0x70, 0xd7, 0xc5, 0x8e, 0xba, 0x1c,
    0x7a, 0x33, 0x75, 0xa1, 0x62, 0x34, 0x46, 0xbb, 0x60, 0xb7, 0x80, 0x68, 0xfa, 0x13, 0xa7, 0x7a, 0x8a,
    0x37, 0x4b, 0x9e, 0xc6, 0xf4, 0x5d, 0x5f, 0x3a, 0x99, 0xf9, 0x9e, 0xc4, 0x3a, 0xe9, 0x63, 0xa2, 0xbb,
    0x88, 0x19, 0x28, 0xe0, 0xe7, 0x14, 0xc0, 0x42, 0x89,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_steam_passes_the_checks_of_any_key() {
        assert_eq!(PublicKey::new(&STEAM_MODULUS, STEAM_EXPONENT), Ok(PublicKey::steam()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(PublicKey::new(&[0; SIGNATURE_LEN], 17).is_err(), "no modulus");
        assert!(PublicKey::new(&STEAM_MODULUS, 16).is_err(), "an even exponent");
        let mut short = STEAM_MODULUS;
        short[0] = 0;
        assert!(PublicKey::new(&short, 17).is_err(), "1016 bits");
    }
}
