//! `Gemfile.lock` against Bundler: the gems of fixtures, what they need, what is direct and what groups lead to, as Bundler says
//! it (`tests/fixtures/make/gemfile_lock` writes both), and what no prefix may hide.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::lockfile::gemfile_lock::gemfile::scopes_of;
use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Package, Scope, Source};

use crate::support::memory_tree::{MemoryTree, tree_path};

const GROUPS: [(&str, Scope); 5] = [
    ("default", Scope::Runtime),
    ("development", Scope::Dev),
    ("test", Scope::Dev),
    ("benchmark", Scope::Optional),
    ("production", Scope::Runtime),
];

#[test]
fn gems_edges_direct_and_scopes_are_those_of_bundler() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut listings = 0;
    for listing in std::fs::read_dir(folder.join("tables/bundler")).expect("listings") {
        let listing = listing.expect("a listing").path();
        let stem = listing
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        // `groups-2.3.Gemfile`: a case, then the file that Bundler reads.
        let (case, gemfile) = [".Gemfile", ".gems.rb", ".rack_2.gemfile"]
            .iter()
            .find_map(|end| Some((stem.strip_suffix(end)?, &end[1..])))
            .expect("a case and a Gemfile");
        let path = match gemfile {
            "Gemfile" => "Gemfile.lock",
            "gems.rb" => "gems.locked",
            _ => "gemfiles/rack_2.gemfile.lock",
        };
        let tree = MemoryTree::from_folder(&folder.join("fixtures/lockfile/gemfile_lock").join(case));
        let found = ours(path, &tree);
        let text = std::fs::read_to_string(&listing).expect("a text");
        let theirs = theirs(&text, case.starts_with("computed"));
        assert_eq!(found, theirs, "{stem}");
        listings += 1;
    }
    assert!(listings >= 18, "only {listings} listings");
}

/// What the listing says, a fact a line. `is_computed` is a Gemfile whose groups cannot be read.
fn theirs(listing: &str, is_computed: bool) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let lines: Vec<Vec<&str>> = listing
        .lines()
        .skip(1)
        .map(|line| line.split(' ').collect())
        .collect();
    let is_locked = |name: &str| {
        lines
            .iter()
            .any(|line| matches!(line.as_slice(), ["gem", other, ..] if *other == name))
    };
    let is_own = |name: &str| {
        lines
            .iter()
            .any(|line| matches!(line.as_slice(), ["gem", other, _, _, "gemspec"] if *other == name))
    };
    for line in &lines {
        match line.as_slice() {
            ["gem", name, version, _, "gemspec"] => facts.insert(format!("own {name} {version}")),
            ["gem", name, version, _, kind] => facts.insert(format!("{kind} {name} {version}")),
            ["need", from, _, to] if is_locked(to) => {
                // What the project's own gem asks for, the project asks for.
                if is_own(from) {
                    facts.insert(format!("direct {to}"));
                }
                facts.insert(format!("{from} -> {to}"))
            }
            ["direct", name] if is_locked(name) => facts.insert(format!("direct {name}")),
            ["group", group, name] if !is_computed => {
                let (_, scope) = GROUPS.iter().find(|(known, _)| known == group).expect("a group");
                facts.insert(format!("{} {name}", scope.as_str()))
            }
            ["need" | "direct" | "group", ..] => true,
            _ => panic!("{line:?}"),
        };
    }
    facts
}

fn ours(path: &str, tree: &MemoryTree) -> BTreeSet<String> {
    let path = tree_path(path);
    let format = lockfile::format("Gemfile.lock").expect("the format");
    let (_, bytes) = tree
        .files()
        .find(|(other, _)| **other == path)
        .expect("the lockfile");
    let reading = lockfile::read(format, &path, bytes, tree);
    assert!(
        reading
            .parsed
            .problems
            .iter()
            .all(|problem| problem.cost == Cost::Nothing),
        "{:?}",
        reading.parsed.problems
    );
    let graph = &reading.parsed.graph;
    let mut facts = BTreeSet::new();
    for (_, node) in graph.nodes() {
        match node {
            Node::Own { name, version } if !name.is_empty() => {
                facts.extend([
                    format!("own {name} {version}"),
                    format!("direct {name}"),
                    format!("runtime {name}"),
                ]);
            }
            Node::Own { .. } => {}
            Node::Package(package) => facts.extend(said(package)),
        }
    }
    for edge in graph.edges() {
        let (from, to) = (name(graph, edge.from), name(graph, edge.to));
        if !from.is_empty() {
            facts.insert(format!("{from} -> {to}"));
        }
    }
    // The root of a project that is a gem is that gem: what the Gemfile asks for is an edge of it as well.
    let own: BTreeSet<String> = facts
        .iter()
        .filter_map(|fact| fact.strip_prefix("own "))
        .map(|own| own.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    for name in &own {
        for asked in ["checks", "cops"] {
            facts.remove(&format!("{name} -> {asked}"));
        }
    }
    facts
}

fn said(package: &Package) -> Vec<String> {
    let kind = match package.source {
        Source::Registry(_) => "rubygems",
        Source::Git(_) => "git",
        Source::Path(_) => "path",
        Source::OtherRegistry(_) | Source::Url(_) => panic!("{package:?}"),
    };
    let mut facts = vec![format!("{kind} {} {}", package.name, package.version)];
    if package.direct {
        facts.push(format!("direct {}", package.name));
    }
    facts.extend(
        package
            .scopes
            .iter()
            .map(|scope| format!("{} {}", scope.as_str(), package.name)),
    );
    facts
}

fn name(graph: &Graph, id: NodeId) -> &str {
    match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Package(package))) => &package.name,
        Some((_, Node::Own { name, .. })) => name,
        None => panic!("no node {id:?}"),
    }
}

#[test]
fn a_cut_lockfile_is_blind_or_has_what_stands_before_the_cut() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/gemfile_lock");
    let format = lockfile::format("Gemfile.lock").expect("the format");
    for case in ["groups-4.0", "sources-2.3", "own-gem-2.6", "old", "plugin"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let path = tree_path("Gemfile.lock");
        let text = std::fs::read_to_string(fixtures.join(case).join("Gemfile.lock")).expect("a lockfile");
        let whole = |text: &str| {
            let reading = lockfile::read(format, &path, text.as_bytes(), &tree);
            let is_blind = reading
                .parsed
                .problems
                .iter()
                .any(|problem| problem.cost == Cost::Blind);
            let gems: Vec<String> = reading
                .parsed
                .graph
                .packages()
                .map(|(_, package)| format!("{package:?}"))
                .collect();
            (is_blind, gems.len())
        };
        let (_, all) = whole(&text);
        let dependencies = text.find("DEPENDENCIES").expect("a section") + "DEPENDENCIES\n".len();
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let (is_blind, gems) = whole(&text[..cut]);
            assert!(
                is_blind || cut >= dependencies && gems == all,
                "{case}: cut at {cut}"
            );
            let is_inside = !text[..cut].ends_with('\n');
            let is_last_value = text[..cut].rfind('\n').is_some_and(|line| {
                let before = text[..line].lines().last().unwrap_or_default();
                matches!(before, "BUNDLED WITH" | "RUBY VERSION")
            });
            assert!(
                is_blind || !is_inside || is_last_value,
                "{case}: cut inside a line at {cut}"
            );
        }
    }
}

#[test]
fn groups_are_read_where_the_whole_gemfile_is_plain() {
    let none: [(&str, &str); 0] = [];
    for (text, expected) in [
        ("gem 'a'", &[("a", "runtime")][..]),
        (
            "gem \"a\", '~> 1.0', \">= 1.0.2\", require: false",
            &[("a", "runtime")],
        ),
        ("gem 'a', group: :test", &[("a", "dev")]),
        ("gem 'a', :group => [:test, :development]", &[("a", "dev")]),
        ("gem 'a', groups: %i[test production]", &[("a", "runtime dev")]),
        (
            "gem('a',\n  '1.0',\n  group: [\n    :test,\n  ],\n)\n",
            &[("a", "dev")],
        ),
        ("group :test do\n  gem 'a'\nend\ngem 'a'", &[("a", "runtime dev")]),
        (
            "group :test do\n  gem 'a', group: :default\nend",
            &[("a", "runtime dev")],
        ),
        (
            "group :assets do\n  group :test do\n    gem 'a'\n  end\nend\ngem 'b', group: :test",
            &[("a", "runtime dev"), ("b", "dev")],
        ),
        ("group(:docs, optional: true) { gem 'a' }", &[("a", "optional")]),
        ("group 'development', \"test\" do gem 'a' end", &[("a", "dev")]),
        (
            "# gem 'z'\n=begin\ngem 'z'\n=end\ngem 'a', group: :test # x\n__END__\ngem 'a'",
            &[("a", "dev")],
        ),
        (
            "source 'https://registry.example'\nruby file: '.ruby-version'\ngit_source(:team) { |repo| \"https://git.example/#{repo}.git\" }\n\
             gem 'a', team: 'a', group: :test\nplatforms :jruby do\n  gem 'b'\nend\n",
            &[("a", "dev"), ("b", "runtime")],
        ),
        (
            "git_source(:team) do |name|\n  name = \"#{name}/#{name}\" unless name.include?('/')\n  \"https://git.example/#{name}.git\"\nend\n\
             gem 'a', group: :test",
            &[("a", "dev")],
        ),
        (
            "version = ENV.fetch('V', '~> 7.0')\nif ENV['EDGE'] == '1'\n  gem 'a', version, group: :test\nelse\n  gem 'a', git: 'x', group: :test\nend\n\
             gem 'b', version unless RUBY_VERSION < '3'\n",
            &[("a", "dev"), ("b", "runtime")],
        ),
        (
            "install_if -> { RUBY_PLATFORM.include?('darwin') } do\n  gem 'a', group: :test\nend",
            &[("a", "dev")],
        ),
        ("gem 'a', { group: :test }", &[("a", "runtime")]),
        // What is computed, or may ask for the gem again.
        ("gem 'a', group: :test\neval_gemfile 'more.rb'", &none),
        ("gem 'a', group: :test\nrequire_relative 'more'", &none),
        ("gem 'a', group: :test\n%w[a b].each { |name| gem name }", &none),
        (
            "gem 'a', group: :test\n%w[a b].each do |name|\n  gem name\nend",
            &none,
        ),
        ("gem 'a', group: :test\ndef more\n  gem 'a'\nend\nmore", &none),
        ("gem 'a', group: :test\nsend(:gem, 'a')", &none),
        ("gem 'a', group: :test\nsend = 1\nsend :gem, 'a'", &none),
        ("gem 'a', group: :test\nx = \"#{gem 'a'}\"", &none),
        ("gem 'a', group: ENV['G'].to_sym", &none),
        ("gem 'a', group: [:test].first", &none),
        ("gem 'a', **options", &none),
        ("gem 'a', group: :test\ngem <<~X\n  a\nX\n", &none),
        ("group :test do\n  gem 'a'\n", &none),
        ("group *groups do\n  gem 'a'\nend", &none),
        ("gem \"a#{1}\", group: :test", &none),
        ("gem 'a", &none),
    ] {
        let expected: BTreeSet<(String, String)> = expected
            .iter()
            .map(|(name, scopes)| ((*name).to_owned(), (*scopes).to_owned()))
            .collect();
        let found: BTreeSet<(String, String)> = scopes_of(text)
            .into_iter()
            .map(|(name, scopes)| {
                (
                    name,
                    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn commands_are_for_the_gemfile_beside_the_lockfile() {
    let format = lockfile::format("Gemfile.lock").expect("the format");
    for (file_name, command) in [
        ("Gemfile.lock", "bundle update --conservative rack"),
        ("gems.locked", "bundle update --conservative rack"),
        (
            "rack_2.gemfile.lock",
            "BUNDLE_GEMFILE=rack_2.gemfile bundle update --conservative rack",
        ),
        (
            "Gemfile.next.lock",
            "BUNDLE_GEMFILE=Gemfile.next bundle update --conservative rack",
        ),
    ] {
        let upgrade = Upgrade {
            name: "rack",
            from: "2.2.8",
            to: "2.2.9",
            direct: true,
            file_name,
            by: None,
        };
        assert_eq!(
            format.upgrade_command(&upgrade),
            UpgradeCommand::Run(command.to_owned())
        );
    }
}
