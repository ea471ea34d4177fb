// Serves the tables of a JSON file with json-server on a free port: json_server.cjs MODULE FILE

const [module_path, file] = process.argv.slice(2)
const jsonServer = require(module_path)
const application = jsonServer.create()
application.use(jsonServer.router(JSON.parse(require('fs').readFileSync(file, 'utf8'))))
const listening = application.listen(0, '127.0.0.1', () =>
  console.log(`json-server on http://127.0.0.1:${listening.address().port}`)
)
