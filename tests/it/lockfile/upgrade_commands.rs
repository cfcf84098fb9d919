//! Upgrade commands of formats, each as the tool takes it.

use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::UpgradeBy;

#[test]
fn bun_upgrades_a_member_in_its_folder() {
    let format = lockfile::format("bun.lock").expect("the format");
    let by = UpgradeBy::Workspaces(vec!["".into(), "packages/one".into()]);
    let command = format.upgrade_command(&Upgrade {
        name: "left",
        from: "1.0.0",
        to: "1.0.1",
        direct: true,
        file_name: "bun.lock",
        by: Some(&by),
    });
    // A relative `--cwd` is taken twice by Bun 1.3.14.
    let both = "bun update left@1.0.1 && (cd packages/one && bun update left@1.0.1)";
    assert_eq!(command, UpgradeCommand::Run(both.to_owned()));
}
