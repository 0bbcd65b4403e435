use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};

use x509_cert::der::Encode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::*;
use crate::data_dir::tests::{Scratch, assert_private};
use crate::host::program::tests::{GAME, STRICT};

/// 2026-11-23.
const NOW: Wall = Wall::from_secs(1_795_392_000);
const LAN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));
const OURS: Subject<'_> = Subject { info: &GAME, addresses: &[LAN] };

fn load(dir: &DataDir, now: Wall) -> Certificates {
    Certificates::load_or_make(dir, None, None, OURS, now).unwrap()
}

fn p256(dir: &DataDir, now: Wall) -> CertifiedKey {
    kept(dir, Kind::P256, &OURS, None, now).unwrap()
}

fn public_key(key: &CertifiedKey) -> Vec<u8> {
    parsed(key).unwrap().tbs_certificate().subject_public_key_info().to_der().unwrap()
}

#[test]
fn both_are_made_at_the_first_start_and_loaded_afterwards() {
    let Scratch(dir) = &Scratch::new("certificates");
    let made = load(dir, NOW);
    let loaded = load(dir, plus_days(NOW, 300));
    assert_eq!(loaded.rsa.cert, made.rsa.cert);
    assert_eq!(loaded.ecdsa.unwrap().cert, made.ecdsa.unwrap().cert);
    assert_eq!(made.rsa.key.algorithm(), rustls::SignatureAlgorithm::RSA);
    for kind in [Kind::Rsa, Kind::P256] {
        assert_private(&dir.file(kind.file()));
    }
}

#[test]
fn fields_suit_an_old_client() {
    let Scratch(dir) = &Scratch::new("certificate-fields");
    let key = p256(dir, NOW);
    let certificate = parsed(&key).unwrap();
    let tbs = certificate.tbs_certificate();
    assert_eq!(tbs.version(), x509_cert::Version::V3);
    assert_eq!(tbs.subject().to_string(), "CN=game.example.com");
    assert_eq!(tbs.issuer(), tbs.subject());
    assert!(tbs.serial_number().as_bytes().first().is_some_and(|byte| (0x40..0x80).contains(byte)));
    let expected = Validity { not_before: plus_days(NOW, -1), not_after: plus_days(NOW, 397) };
    assert_eq!(Validity::of(&key).unwrap(), expected);

    let (_, names) = tbs.get_extension::<SubjectAltName>().unwrap().unwrap();
    let hosts = names.0.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    });
    assert!(hosts.eq(GAME.hosts.iter().copied().chain(["localhost"])));
    let has = |bytes: &[u8]| {
        let is = |name: &GeneralName| matches!(name, GeneralName::IpAddress(ip) if ip.as_bytes() == bytes);
        names.0.iter().any(is)
    };
    assert!(has(&[127, 0, 0, 1]) && has(&[192, 168, 1, 20]));
    assert!(has(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
}

#[test]
fn renewed_with_the_same_key_when_few_days_are_left() {
    let Scratch(dir) = &Scratch::new("certificate-renewal");
    let made = p256(dir, NOW);
    assert_eq!(p256(dir, plus_days(NOW, 367)).cert, made.cert, "30 days are left");
    let later = plus_days(NOW, 368);
    let renewed = p256(dir, later);
    assert_ne!(renewed.cert, made.cert);
    assert_eq!(Validity::of(&renewed).unwrap().not_after, plus_days(later, 397));
    assert_eq!(public_key(&renewed), public_key(&made));
    let serial = |key| parsed(key).unwrap().tbs_certificate().serial_number().clone();
    assert_ne!(serial(&renewed), serial(&made));
    assert_eq!(p256(dir, later).cert, renewed.cert, "what was renewed is kept");
}

#[test]
fn a_clock_that_is_not_set_does_no_harm() {
    let Scratch(dir) = &Scratch::new("certificate-clock");
    let in_1970 = Wall::from_secs(60);
    let made = p256(dir, in_1970);
    assert_eq!(Validity::of(&made).unwrap().not_before, plus_days(clock::EARLIEST, -1));
    let renewed = p256(dir, plus_days(NOW, 365));
    assert_ne!(renewed.cert, made.cert);
    assert_eq!(p256(dir, in_1970).cert, renewed.cert, "a good certificate is kept");
}

#[test]
fn one_from_the_future_is_replaced() {
    let Scratch(dir) = &Scratch::new("certificate-future");
    p256(dir, plus_days(NOW, 36_500));
    assert_eq!(Validity::of(&p256(dir, NOW)).unwrap().not_before, plus_days(NOW, -1));
}

#[test]
fn a_damaged_file_is_an_error_that_says_what_to_do() {
    let Scratch(dir) = &Scratch::new("certificate-damaged");
    dir.write(Kind::P256.file(), b"nothing").unwrap();
    let message = kept(dir, Kind::P256, &OURS, None, NOW).unwrap_err().to_string();
    assert!(message.contains("certificate-p256.pem is damaged"), "{message}");
    assert!(message.ends_with("delete it, and the next start makes a new one"), "{message}");
}

#[test]
fn the_hosts_own_certificate_takes_the_place_of_ours() {
    let Scratch(theirs) = &Scratch::new("certificate-theirs");
    let (rsa, p256) = (theirs.file(Kind::Rsa.file()), theirs.file(Kind::P256.file()));
    let made = load(theirs, NOW);
    let Scratch(dir) = &Scratch::new("certificate-own");
    let load = |certificate: &Path, key: &Path| {
        Certificates::load_or_make(dir, Some(certificate), Some(key), OURS, NOW)
    };

    let own = load(&rsa, &rsa).unwrap();
    assert_eq!(own.rsa.cert, made.rsa.cert);
    assert!(own.ecdsa.is_none(), "an RSA certificate serves every client");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    let own = load(&p256, &p256).unwrap();
    assert_eq!(own.ecdsa.unwrap().cert, made.ecdsa.unwrap().cert);
    assert_ne!(own.rsa.cert, made.rsa.cert, "the game still needs an RSA certificate");

    let message = load(&rsa, &p256).unwrap_err().to_string();
    assert!(
        message.contains("certificate-p256.pem: this is not the private key of the certificate"),
        "{message}"
    );
    let missing = load(&dir.file("missing.pem"), &rsa).unwrap_err().to_string();
    assert!(missing.contains("missing.pem"), "{missing}");
    let half = Certificates::load_or_make(dir, Some(&rsa), None, OURS, NOW).unwrap_err();
    assert!(matches!(half, CertificateError::HalfGiven));
}

const STRICTLY: Subject<'_> = Subject { info: &STRICT, addresses: &[LAN] };

/// Verifies `key` as a client does that has installed the authority and trusts nothing else.
fn checked(authority: &Authority, key: &CertifiedKey, name: &str, now: Wall) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_slice(authority.der()).into_owned()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs().unsigned_abs()));
    verifier.verify_server_cert(key.end_entity_cert().unwrap(), &[], &name, &[], now).map(drop)
}

#[test]
fn a_client_that_trusts_the_authority_alone_connects_before_and_after_renewals() {
    let Scratch(dir) = &Scratch::new("authority");
    let load = |now| Certificates::load_or_make(dir, None, None, STRICTLY, now).unwrap();
    let made = load(NOW);
    let authority = made.authority.clone().unwrap();
    for years in 0..18 {
        let now = plus_days(NOW, years * 365);
        let certificates = load(now);
        assert_eq!(certificates.authority.unwrap().der(), authority.der());
        for key in [&certificates.rsa, certificates.ecdsa.as_ref().unwrap()] {
            for host in STRICT.hosts {
                assert_eq!(checked(&authority, key, host, now), Ok(()), "{host} in year {years}");
            }
            assert!(checked(&authority, key, "localhost", now).is_err());
        }
        assert_eq!(certificates.rsa.cert == made.rsa.cert, years == 0, "short certificates, renewed");
    }
    assert_private(&dir.file(authority::FILE));
}

#[test]
fn the_authority_can_vouch_for_no_other_name() {
    static OTHER: Info = Info { hosts: &["bank.example.org"], ..STRICT };
    let Scratch(dir) = &Scratch::new("authority-constrained");
    let authority = Authority::load_or_make(dir, &STRICT, NOW).unwrap();
    let other = Subject { info: &OTHER, addresses: &[] };
    let stolen = read(make::new(Kind::P256, &other, Some(&authority), NOW).unwrap().as_bytes()).unwrap();
    let error = checked(&authority, &stolen, "bank.example.org", NOW).unwrap_err().to_string();
    assert!(error.contains("NameConstraintViolation"), "{error}");
}

#[test]
fn a_new_authority_issues_new_certificates_and_a_damaged_one_is_explained() {
    let Scratch(dir) = &Scratch::new("authority-lost");
    let load = || Certificates::load_or_make(dir, None, None, STRICTLY, NOW);
    let first = load().unwrap();
    fs::remove_file(dir.file(authority::FILE)).unwrap();
    let second = load().unwrap();
    let (old, new) = (first.authority.unwrap(), second.authority.unwrap());
    assert_ne!(old.name(), new.name());
    assert_eq!(checked(&new, &second.rsa, STRICT.hosts[0], NOW), Ok(()));
    assert!(checked(&old, &second.rsa, STRICT.hosts[0], NOW).is_err());
    dir.write(authority::FILE, b"nothing").unwrap();
    let error = load().unwrap_err().to_string();
    assert!(
        error.contains("authority.pem is damaged") && error.contains("run the set-up script again"),
        "{error}"
    );
}

#[test]
fn the_hosts_own_certificate_needs_no_authority() {
    let Scratch(dir) = &Scratch::new("authority-own");
    load(dir, NOW);
    let own = dir.file(Kind::Rsa.file());
    let Scratch(dir) = &Scratch::new("authority-unused");
    let certificates = Certificates::load_or_make(dir, Some(&own), Some(&own), STRICTLY, NOW).unwrap();
    assert!(certificates.authority.is_none() && !dir.file(authority::FILE).exists());
}
