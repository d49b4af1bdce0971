// Usage: node read.mjs <node_modules> <file>: a line of JSON about the file, then one for each row. Decimals are spelled by their
// own digits, which this reader would make doubles of.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import zlib from 'node:zlib'

const [modules, name] = process.argv.slice(2)
const { parquetMetadata, parquetReadObjects } = await import(pathToFileURL(path.join(modules, 'hyparquet/src/index.js')))
const bytes = fs.readFileSync(name)
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const metadata = parquetMetadata(file)
const scales = {}
const types = {}
for (const column of metadata.schema.slice(1)) {
  types[column.name] = [column.type, column.logical_type?.type ?? null]
  if (column.logical_type?.type !== 'DECIMAL') continue
  scales[column.name] = column.logical_type.scale
  types[column.name].push(column.logical_type.precision, column.logical_type.scale)
  delete column.logical_type
  delete column.converted_type
}

function decimal(value, scale) {
  const unscaled = BigInt.asIntN(128, BigInt('0x' + Buffer.from(value).toString('hex')))
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return (unscaled < 0n ? '-' : '') + digits.slice(0, point) + (scale ? '.' + digits.slice(point) : '')
}

function spelled(column, value) {
  if (value === undefined || value === null) return null
  if (value instanceof Date) return value.toISOString()
  if (column in scales) return decimal(value, scales[column])
  return typeof value === 'bigint' ? value.toString() : value
}

const rows = await parquetReadObjects({ file, metadata, compressors: { GZIP: input => new Uint8Array(zlib.gunzipSync(input)) } })
const lines = [JSON.stringify({ rows: Number(metadata.num_rows), groups: metadata.row_groups.length, types,
  notes: Object.fromEntries(metadata.key_value_metadata.map(note => [note.key, note.value])) })]
for (const row of rows) {
  lines.push(JSON.stringify(Object.fromEntries(Object.entries(row).map(([column, value]) => [column, spelled(column, value)]))))
}
process.stdout.write(lines.join('\n') + '\n')
