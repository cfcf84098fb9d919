//! Random histories of Maven reactors: what a history tells of each commit is what a scan of that commit alone finds.
//!
//! `LOCKKEEPER_HISTORY_SEEDS=N cargo test --release --test it history_random` tries N seeds.

use std::collections::BTreeMap;

use crate::git::reactor_history::{Change, child, dependencies, held, managed, top};

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn one<'s>(&mut self, of: &[&'s str]) -> &'s str {
        of[self.below(of.len())]
    }

    fn version(&mut self) -> &'static str {
        self.one(&["1", "2", "3", "${wool}", "${silk}", ""])
    }

    fn properties(&mut self) -> String {
        let wool = self.one(&["1", "2", "${silk}", "${hemp}"]);
        let silk = self.one(&["3", "4", "${hemp}"]);
        let hemp = self.one(&["5", "6"]);
        match self.below(4) {
            0 => format!("<wool>{wool}</wool>"),
            1 => format!("<silk>{silk}</silk><hemp>{hemp}</hemp>"),
            _ => format!("<wool>{wool}</wool><silk>{silk}</silk><hemp>{hemp}</hemp>"),
        }
    }

    fn inside(&mut self) -> String {
        let name = self.one(&["wool", "silk", "hemp"]);
        let kept = self.one(&["1", "2", "${hemp}", "${wool}"]);
        let mut inside = match self.below(3) {
            0 => String::new(),
            _ => managed(&[(name, kept), ("hemp", "${hemp}")]),
        };
        let (first, second) = (self.version(), self.version());
        inside += &dependencies(&[("wool", first), ("silk", second), ("hemp", "")]);
        if self.below(3) == 0 {
            let properties = self.properties();
            inside += &format!(
                "<profiles><profile><id>p</id><properties>{properties}</properties></profile></profiles>"
            );
        }
        inside
    }

    fn file(&mut self, path: &str) -> String {
        match path {
            "pom.xml" => {
                let modules: &[&str] =
                    [&["a"][..], &["a", "b"], &["b"], &["a", "b", "c/build.xml"]][self.below(4)];
                let (properties, inside) = (self.properties(), self.inside());
                top(modules, &properties, &inside)
            }
            ".mvn/maven.config" | "a/.mvn/maven.config" => self
                .one(&["-Dwool=7\n", "-Dhemp=8\n", "-Pp\n", "-f\nc/build.xml\n"])
                .to_owned(),
            ".mvn/jvm.config" | "a/.mvn/jvm.config" => self.one(&["-Dwool=4\n", "-Dsilk=2\n"]).to_owned(),
            ".mvn/extensions.xml" => format!(
                "<extensions><extension><groupId>yarn</groupId><artifactId>{}</artifactId><version>{}</version></extension></extensions>\n",
                self.one(&["wool", "silk"]),
                self.one(&["1", "2"])
            ),
            _ => {
                let name = self.one(&["a", "b", "c"]);
                let (properties, inside) = (self.properties(), self.inside());
                child(name, &format!("<properties>{properties}</properties>{inside}"))
            }
        }
    }
}

const FILES: [&str; 9] = [
    "pom.xml",
    "a/pom.xml",
    "b/pom.xml",
    "c/build.xml",
    ".mvn/maven.config",
    ".mvn/jvm.config",
    ".mvn/extensions.xml",
    "a/.mvn/maven.config",
    "a/.mvn/jvm.config",
];

fn steps(seed: u64) -> Vec<Vec<Change>> {
    let mut random = Random(seed);
    let mut files: BTreeMap<&'static str, String> = BTreeMap::new();
    (0..12)
        .map(|number| {
            // Every commit holds something new, and the first one all poms.
            let mut step: Vec<Change> = vec![("number.txt", Some(number.to_string()))];
            let changed: Vec<&'static str> = match number {
                0 => FILES[..4].to_vec(),
                _ => vec![FILES[random.below(FILES.len())]],
            };
            for path in changed {
                if path != "pom.xml" && random.below(4) == 0 && files.remove(path).is_some() {
                    step.push((path, None));
                } else {
                    let text = random.file(path);
                    files.insert(path, text.clone());
                    step.push((path, Some(text)));
                }
            }
            step
        })
        .collect()
}

#[test]
fn random_reactors_have_the_history_that_scans_find() {
    let seeds = std::env::var("LOCKKEEPER_HISTORY_SEEDS").ok();
    let seeds: u64 = seeds.map_or(3, |seeds| seeds.parse().expect("a number of seeds"));
    let mut found = 0;
    for seed in 0..seeds {
        println!("seed {seed}");
        found += held(&steps(seed)).iter().filter(|held| !held.is_empty()).count();
    }
    assert!(found > 0, "no commit held anything");
}
