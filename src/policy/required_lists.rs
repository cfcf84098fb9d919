//! What a policy asks of an index besides advisories: lists that an index may lack.

use super::Policy;

impl Policy {
    /// Who of it asks which vulnerabilities are known to be exploited, as a fragment.
    #[must_use]
    pub fn asks_for_exploited(&self) -> Option<String> {
        let rule = self.rules.iter().find(|rule| rule.when.known_exploited.is_some());
        let list = self.fail_on.as_ref().filter(|list| list.asks_for_exploited());
        rule.map(|rule| format!("the rule {:?}", rule.name))
            .or_else(|| list.map(|_| "--fail-on".to_owned()))
    }

    /// Who of it asks how probable exploitation is, as a fragment.
    #[must_use]
    pub fn asks_for_scores(&self) -> Option<String> {
        let rule = self.rules.iter().find(|rule| rule.when.epss.is_some());
        rule.map(|rule| format!("the rule {:?}", rule.name))
    }
}
