//! A certificate authority of the test's own, made with the `openssl` tool, and servers that it vouches for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The authority, in a folder that goes away.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
}

const SETTINGS: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = lockkeeper test
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:forge.example
";

impl Authority {
    /// The authority, or nothing where there is no `openssl`.
    pub(crate) fn new() -> Option<Self> {
        let authority = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        if let Err(error) = Command::new("openssl").arg("version").output() {
            println!("skipped: openssl does not start ({error})");
            return None;
        }
        std::fs::write(authority.path("settings"), SETTINGS).expect("a file");
        for name in ["authority", "server"] {
            authority.openssl(&format!(
                "ecparam -name prime256v1 -genkey -noout -out {name}.sec1"
            ));
            authority.openssl(&format!("pkcs8 -topk8 -nocrypt -in {name}.sec1 -out {name}.key"));
        }
        authority.openssl(
            "req -x509 -new -config settings -extensions authority -key authority.key -days 90 -out authority.pem",
        );
        authority.openssl("req -new -config settings -key server.key -out server.csr");
        authority.openssl(
            "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 90 \
             -extfile settings -extensions server -out server.pem",
        );
        Some(authority)
    }

    /// The file for `SSL_CERT_FILE`.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// What a server needs to be vouched for.
    pub(crate) fn server(&self) -> Arc<rustls::ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.path("server.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.path("server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate and its key");
        Arc::new(config)
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .expect("openssl starts");
        assert!(
            output.status.success(),
            "openssl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
