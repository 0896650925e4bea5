"""Where scripts run: Node 22 in a process of its own, with Auth0's globals, and containers that can be ended.

`sandbox.Sandbox` is what the tenant has. `node/` is the JavaScript: `main.js` reads a call a line and gives it to a
container (a worker thread, `container.js`), which compiles its code once and keeps its `global` between calls.
"""
