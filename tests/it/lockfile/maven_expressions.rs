//! Expressions in one another: Maven 4 expands them from the inside, Maven 3 refuses them or leaves them as they are. Neither
//! is followed here, so none of them may look clean.

use lockkeeper::lockfile;
use lockkeeper::model::Cost;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// The packages of the pom at the top with `inside`, and the messages that make it blind.
fn read(inside: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>kiln</groupId><artifactId>all</artifactId><version>1</version>\n\
         <properties><n>1</n><v1>7</v1><a1>clear</a1><one>v1</one><x>${{v${{n}}}}</x><y>${{${{one}}}}</y></properties>\n{inside}\
         </project>"
    );
    let tree = MemoryTree::of([("pom.xml", &text)]);
    let format = lockfile::format("pom.xml").expect("a format");
    let parsed = lockfile::read(format, &tree_path("pom.xml"), text.as_bytes(), &tree).parsed;
    let packages = parsed.graph.packages();
    let packages = packages.map(|(_, package)| format!("{} {}", package.name, package.version));
    let blind = parsed
        .problems
        .iter()
        .filter(|problem| problem.cost == Cost::Blind);
    (
        packages.collect(),
        blind.map(|problem| problem.message.clone()).collect(),
    )
}

fn dependency(artifact: &str, version: &str) -> String {
    format!(
        "<dependency><groupId>glaze</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
    )
}

fn dependencies(list: &str) -> String {
    format!("<dependencies>{list}</dependencies>")
}

#[test]
fn a_version_of_expressions_in_one_another_is_not_known() {
    for version in [
        "${v${n}}",
        "${${one}}",
        "${x}",
        "${y}",
        "a${v${n}}b",
        "${v${n}",
        "${v1}${v${n}}",
    ] {
        let (packages, blind) = read(&dependencies(&dependency("clear", version)));
        assert_eq!(
            (packages.len(), blind.len()),
            (0, 1),
            "{version}: {packages:?} {blind:?}"
        );
    }
    // Side by side, or behind a dollar, they are none.
    for (version, expanded) in [("${v1}${n}", "71"), ("$${v1}", "$7"), ("${n}.${v1}-x", "1.7-x")] {
        let (packages, blind) = read(&dependencies(&dependency("clear", version)));
        assert_eq!(
            (packages, blind),
            (vec![format!("glaze:clear {expanded}")], vec![]),
            "{version}"
        );
    }
}

#[test]
fn a_name_of_expressions_in_one_another_is_not_known() {
    let plugin = |group: &str, artifact: &str| {
        format!(
            "<build><plugins><plugin><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>1</version>\
             </plugin></plugins></build>"
        )
    };
    let managed = format!(
        "<dependencyManagement>{}</dependencyManagement>{}",
        dependencies(&dependency("${a${n}}", "1")),
        dependencies("<dependency><groupId>glaze</groupId><artifactId>clear</artifactId></dependency>")
    );
    for inside in [
        dependencies(&dependency("${a${n}}", "1")),
        plugin("glaze", "${a${n}}"),
        plugin("${a${n}}", "clear"),
        managed,
        "<modules><module>${a${n}}</module></modules>".to_owned(),
    ] {
        let (packages, blind) = read(&inside);
        assert_eq!(
            (packages.len(), blind.len()),
            (0, 1),
            "{inside}: {packages:?} {blind:?}"
        );
    }
    let (packages, blind) = read(&plugin("glaze", "${a1}"));
    assert_eq!((packages, blind), (vec!["glaze:clear 1".to_owned()], vec![]));
}
