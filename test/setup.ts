// The system's Node may be older: node_modules/.bin brings the one that this project runs on, when npm starts the tests.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 14)) {
  throw new Error(
    `Node ${process.versions.node} runs the tests; Node 24.14 or later is needed: start them with npm test`,
  );
}
