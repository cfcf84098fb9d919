//! `.netrc`: logins by host, as `cmd/go/internal/auth` reads them.

/// A login.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The host.
    pub machine: String,
    pub(super) user: String,
    pub(super) password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Login({})", self.machine)
    }
}

/// The logins of `text`; `default` and what follows it is none of a host.
pub(super) fn read(text: &str) -> Vec<Login> {
    let mut logins = Vec::new();
    let (mut machine, mut user, mut password) = (None, None, None);
    let mut is_macro = false;
    for line in text.lines() {
        if is_macro {
            // A macro ends with a blank line.
            is_macro = !line.trim().is_empty();
            continue;
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "machine" => {
                    machine = words.next().map(str::to_owned);
                    (user, password) = (None, None);
                }
                "default" => return logins,
                "login" => user = words.next().map(str::to_owned),
                "password" => password = words.next().map(str::to_owned),
                "macdef" => is_macro = true,
                _ => {}
            }
            if let (Some(host), Some(login), Some(secret)) = (&machine, &user, &password) {
                logins.push(Login {
                    machine: host.clone(),
                    user: login.clone(),
                    password: secret.clone(),
                });
                (machine, user, password) = (None, None, None);
            }
        }
    }
    logins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_those_of_hosts() {
        let text = "machine a.example login me password one\nmachine b.example\n  password two\n  login you\n\
            macdef init\nmachine no.example login x password y\n\nmachine c.example login only\n\
            machine d.example login z password w\ndefault login all password none\nmachine e.example login a password b\n";
        let logins = read(text);
        let shown: Vec<_> = logins
            .iter()
            .map(|login| (&*login.machine, &*login.user, &*login.password))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.example", "me", "one"),
                ("b.example", "you", "two"),
                ("d.example", "z", "w")
            ]
        );
        assert_eq!(format!("{:?}", logins[0]), "Login(a.example)");
    }
}
