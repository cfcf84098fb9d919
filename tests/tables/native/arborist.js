// What npm itself makes of lockfiles: for each folder named on standard input, one line of JSON with the
// packages, links followed, and who needs whom. Arborist is taken from the npm that is installed; nothing is
// fetched and nothing is written.
//
// Usage: node arborist.js NPM_FOLDER < folders
const path = require('path')
const readline = require('readline')

const Arborist = require(path.join(process.argv[2], 'node_modules/@npmcli/arborist'))
const calcDepFlags = require(path.join(process.argv[2], 'node_modules/@npmcli/arborist/lib/calc-dep-flags.js'))

async function tree (folder) {
  const root = await new Arborist({ path: folder, offline: true }).loadVirtual()
  // The flags of the file may be wrong: npm works them out anew where it writes one.
  if (root.meta.originalLockfileVersion > 1) {
    for (const node of root.inventory.values()) {
      if (!node.isRoot) node.resetDepFlags()
    }
    calcDepFlags(root)
  }
  const nodes = []
  const edges = []
  // The folders of the tree itself have no version in lockfile version 1.
  const label = node => node.inNodeModules() ? `${node.packageName || node.name} ${node.version}`
    : node.packageName || node.name
  for (const node of root.inventory.values()) {
    if (!node.isLink) {
      nodes.push({
        label: label(node),
        kind: node.isProjectRoot || node.isWorkspace ? 'own'
          : node.inNodeModules() ? 'package' : 'path',
        // `devOptional` is true of what is one of the two, too.
        scopes: node.dev && !node.optional ? 'dev'
          : node.optional && !node.dev ? 'optional'
            : node.devOptional || node.dev ? 'dev optional' : 'runtime',
      })
      for (const edge of node.edgesOut.values()) {
        // Lockfile version 1 holds no peers; Arborist reads those of workspaces from their manifests.
        const held = root.meta.originalLockfileVersion > 1 || node.isProjectRoot || !edge.peer
        if (edge.to && held && edge.type !== 'workspace' && edge.to.target !== node) {
          edges.push(`${label(node)} -> ${label(edge.to.target)}`)
        }
      }
    }
  }
  return { nodes, edges }
}

async function main () {
  for await (const folder of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify(await tree(folder)))
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }))
    }
  }
}
main()
