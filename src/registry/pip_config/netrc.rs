//! `.netrc`: `machine HOST login NAME password SECRET`, in words that white space separates. The `default` entry and macros are
//! passed over.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::Login;

/// Logins by host, in lower case; of several for one host the first.
pub(super) fn read(text: &str) -> BTreeMap<String, Login> {
    let mut logins: BTreeMap<String, Login> = BTreeMap::new();
    let mut machine: Option<String> = None;
    let (mut user, mut password) = (String::new(), None);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut words = lines.flat_map(str::split_whitespace);
    let mut finish = |machine: &mut Option<String>, user: &mut String, password: &mut Option<String>| {
        if let (Some(machine), Some(password)) = (machine.take(), password.take()) {
            logins.entry(machine).or_insert(Login {
                user: std::mem::take(user),
                password: SecretString::from(password),
            });
        }
        user.clear();
    };
    while let Some(word) = words.next() {
        match word {
            "machine" => {
                finish(&mut machine, &mut user, &mut password);
                machine = words.next().map(str::to_ascii_lowercase);
            }
            "default" | "macdef" => finish(&mut machine, &mut user, &mut password),
            "login" | "account" => {
                let value = words.next().unwrap_or_default();
                if word == "login" {
                    user = unquoted(value).to_owned();
                }
            }
            "password" => password = words.next().map(|value| unquoted(value).to_owned()),
            _ => {}
        }
    }
    finish(&mut machine, &mut user, &mut password);
    logins
}

fn unquoted(word: &str) -> &str {
    let inner = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn each_machine_has_its_own_login() {
        let text = "# comment\nmachine A.example login me password \"x-y\"\nmachine b.example\n  login you\n  account z\n  password b#2\ndefault login all password everywhere\nmachine c.example login nobody\n";
        let logins = read(text);
        let shown: Vec<(&str, &str, &str)> = logins
            .iter()
            .map(|(machine, login)| {
                (
                    machine.as_str(),
                    login.user.as_str(),
                    login.password.expose_secret(),
                )
            })
            .collect();
        assert_eq!(shown, [("a.example", "me", "x-y"), ("b.example", "you", "b#2")]);
    }
}
