// SPDX-License-Identifier: Apache-2.0
//
// A QR code of a text, as ISO/IEC 18004:2015 has it: bytes of UTF-8, error correction M, the
// smallest version that holds them. Pure functions without a dependency; copy it freely. The code
// for an authenticator app holds a secret, so it is made in the page, by nobody else's service.

/** Of level M, for versions 1 to 40: error correction codewords of a block (Table 9). */
const CORRECTION = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];
/** And the number of blocks. */
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26,
  28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];
const LEVEL_M = 0b00; // Its two bits in the format information.

/** Which modules each of the eight masks inverts (§7.8.2). */
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (row, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/**
 * The modules of a text's code: rows of truths, true where it is dark. The light border of four
 * modules is not among them. `mask` is 0 to 7; left out, it is the one that reads best. Throws a
 * RangeError for a text of more than 2331 bytes.
 */
export function qrCode(text, mask) {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length);
  const codewords = interleaved(dataCodewords(bytes, version), version);
  const canvas = functionPatterns(version);
  placeData(canvas, codewords);
  if (mask !== undefined) return masked(canvas, mask);
  const candidates = MASKS.map((_, number) => masked(canvas, number));
  const penalties = candidates.map(penalty);
  return candidates[penalties.indexOf(Math.min(...penalties))];
}

/** The path of an SVG that draws the modules, each one unit wide, from (0, 0) on. */
export function qrPath(rows) {
  const runsOf = (row) => row.map(Number).join('').matchAll(/1+/g);
  const draw = (y, { index: x, 0: { length } }) => `M${x} ${y}h${length}v1h-${length}z`;
  return rows.flatMap((row, y) => [...runsOf(row)].map((run) => draw(y, run))).join('');
}

const sizeOf = (version) => 17 + 4 * version;

function versionFor(length) {
  for (let version = 1; version <= 40; version++) {
    const bits = 4 + lengthBits(version) + 8 * length;
    if (bits <= 8 * dataLength(version)) return version;
  }
  throw new RangeError('a QR code does not hold so much');
}

/** How many bits tell the number of bytes (Table 3). */
const lengthBits = (version) => (version < 10 ? 8 : 16);

/** How many codewords are data. */
function dataLength(version) {
  return allCodewords(version) - CORRECTION[version - 1] * BLOCKS[version - 1];
}

/** How many codewords a symbol holds: one for each eight modules that no pattern takes. */
function allCodewords(version) {
  const places = alignmentPlaces(version).length;
  const finders = 3 * 8 * 8;
  const timing = 2 * (sizeOf(version) - 16);
  const formatInformation = 31;
  const versionInformation = version < 7 ? 0 : 36;
  // All crossings but the three at the finders; those on the timing patterns are counted there.
  const alignment = places && 25 * (places ** 2 - 3) - 2 * 5 * (places - 2);
  const taken = finders + timing + formatInformation + versionInformation + alignment;
  return Math.floor((sizeOf(version) ** 2 - taken) / 8);
}

/** Rows and columns of the centres of alignment patterns (Annex E). */
function alignmentPlaces(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = sizeOf(version) - 7;
  // An even distance that is too large rather than too small; version 32 alone breaks the rule.
  const step = version === 32 ? 26 : 2 * Math.ceil((last - 6) / (2 * (count - 1)));
  const others = Array.from({ length: count - 1 }, (_, back) => last - back * step);
  return [6, ...others.reverse()];
}

/** Mode, length, bytes and padding (§7.4). */
function dataCodewords(bytes, version) {
  const bits = [];
  const append = (number, length) => {
    for (let at = length - 1; at >= 0; at--) bits.push((number >>> at) & 1);
  };
  append(0b0100, 4);
  append(bytes.length, lengthBits(version));
  for (const byte of bytes) append(byte, 8);
  const capacity = 8 * dataLength(version);
  append(0, Math.min(4, capacity - bits.length));
  append(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < capacity; pad ^= 0xec ^ 0x11) append(pad, 8);
  const codeword = (_, at) =>
    bits.slice(8 * at, 8 * at + 8).reduce((number, bit) => 2 * number + bit, 0);
  return Array.from({ length: capacity / 8 }, codeword);
}

/** The codewords in blocks, each with its correction, taken in turns (§7.6). */
function interleaved(data, version) {
  const [count, correctionLength] = [BLOCKS[version - 1], CORRECTION[version - 1]];
  const short = Math.floor(data.length / count);
  const longOnes = data.length % count; // They stand last, with one codeword more.
  const generator = generatorOf(correctionLength);
  const blocks = [];
  for (let at = 0, number = 0; number < count; number++) {
    const length = short + (number >= count - longOnes ? 1 : 0);
    blocks.push(data.slice(at, at + length));
    at += length;
  }
  const corrections = blocks.map((block) => remainder(block, generator));
  const inTurns = (lists, longest) =>
    Array.from({ length: longest }, (_, at) => lists.map((list) => list[at])).flat();
  const all = [...inTurns(blocks, short + 1), ...inTurns(corrections, correctionLength)];
  return all.filter((codeword) => codeword !== undefined);
}

/** The product in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1 (§7.5.2). */
function times(a, b) {
  let product = 0;
  for (let at = 7; at >= 0; at--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> at) & 1) * a;
  }
  return product;
}

/** The generator polynomial of a degree, without its first coefficient, which is 1 (Annex A). */
function generatorOf(degree) {
  let coefficients = [1];
  for (let root = 1, at = 0; at < degree; at++, root = times(root, 2)) {
    const shifted = [...coefficients, 0];
    coefficients = shifted.map((own, place) => own ^ times(coefficients[place - 1] ?? 0, root));
  }
  return coefficients.slice(1);
}

/** What is left of the data divided by the generator: the error correction codewords. */
function remainder(data, generator) {
  const rest = Array(generator.length).fill(0);
  for (const codeword of data) {
    const factor = codeword ^ rest.shift();
    rest.push(0);
    generator.forEach((coefficient, at) => (rest[at] ^= times(coefficient, factor)));
  }
  return rest;
}

/**
 * A symbol with all patterns but data and format information (§6.3): `modules` are the rows, and
 * `taken` says which modules are no place for data.
 */
function functionPatterns(version) {
  const size = sizeOf(version);
  const rows = () => Array.from({ length: size }, () => Array(size).fill(false));
  const canvas = { size, modules: rows(), taken: rows() };
  const set = (row, column, dark) => {
    canvas.modules[row][column] = dark;
    canvas.taken[row][column] = true;
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const corners = [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ];
  for (const [row, column] of corners) drawRings(canvas, row, column, [2, 4], 4);
  const places = alignmentPlaces(version);
  for (const row of places)
    for (const column of places) {
      const atFinder = corners.some(
        ([y, x]) => Math.abs(row - y) < 6 && Math.abs(column - x) < 6,
      );
      if (!atFinder) drawRings(canvas, row, column, [1], 2);
    }
  formatPlaces(size).flat().forEach(([row, column]) => set(row, column, false));
  set(size - 8, 8, true); // The module that is always dark.
  if (version >= 7) drawVersion(version, size, set);
  return canvas;
}

/** Squares around a centre, dark but for the rings at the distances of `light`. */
function drawRings({ size, modules, taken }, row, column, light, radius) {
  for (let y = row - radius; y <= row + radius; y++)
    for (let x = column - radius; x <= column + radius; x++) {
      if (y < 0 || x < 0 || y >= size || x >= size) continue;
      const distance = Math.max(Math.abs(y - row), Math.abs(x - column));
      modules[y][x] = !light.includes(distance);
      taken[y][x] = true;
    }
}

/** The version in six bits and twelve of a BCH code, at two corners (§7.10). */
function drawVersion(version, size, set) {
  const bits = (version << 12) | bchRemainder(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const dark = ((bits >>> at) & 1) === 1;
    const [near, far] = [Math.floor(at / 3), size - 11 + (at % 3)];
    set(near, far, dark);
    set(far, near, dark);
  }
}

/** Where the fifteen bits of the format information stand, twice, the least first (§7.9). */
function formatPlaces(size) {
  const bits = [...Array(15).keys()];
  const first = bits.map((at) => {
    if (at < 8) return [at < 6 ? at : at + 1, 8];
    return [8, at === 8 ? 7 : 14 - at];
  });
  const second = bits.map((at) => (at < 8 ? [8, size - 1 - at] : [size - 15 + at, 8]));
  return [first, second];
}

/** What is left of a polynomial of bits, with `degree` zeros behind it, after a division. */
function bchRemainder(number, degree, generator) {
  let rest = number << degree;
  for (let at = 31; at >= degree; at--)
    if ((rest >>> at) & 1) rest ^= generator << (at - degree);
  return rest;
}

/** Lays the codewords out: columns in pairs from the right, upwards and downwards (§7.7.3). */
function placeData({ size, modules, taken }, codewords) {
  let at = 0;
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2, upwards = !upwards) {
    if (right === 6) right = 5; // The timing pattern has this column.
    for (let step = 0; step < size; step++) {
      const row = upwards ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (taken[row][column]) continue;
        // Modules that are left over stay light.
        modules[row][column] = (((codewords[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1) === 1;
        at += 1;
      }
    }
  }
}

/** The symbol under a mask, with the format information that names it. */
function masked({ size, modules, taken }, mask) {
  const inverts = MASKS[mask];
  const rows = modules.map((row, y) =>
    row.map((dark, x) => (taken[y][x] ? dark : dark !== inverts(y, x))),
  );
  const format = (LEVEL_M << 3) | mask;
  const bits = ((format << 10) | bchRemainder(format, 10, 0x537)) ^ 0x5412;
  for (const places of formatPlaces(size))
    places.forEach(([row, column], at) => (rows[row][column] = ((bits >>> at) & 1) === 1));
  return rows;
}

/** How badly a symbol reads (§7.8.3): long runs, blocks, what looks like a finder, imbalance. */
function penalty(rows) {
  const columns = rows.map((_, x) => rows.map((row) => row[x]));
  const lines = [...rows, ...columns].map((line) => line.map(Number).join(''));
  let points = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    // A finder's proportions with four light modules beside them; they may overlap.
    points += 40 * [...line.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  for (let y = 1; y < rows.length; y++)
    for (let x = 1; x < rows.length; x++) {
      const dark = rows[y][x];
      const isBlock = [rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]].every((m) => m === dark);
      if (isBlock) points += 3;
    }
  const dark = rows.flat().filter(Boolean).length;
  const imbalance = Math.abs(dark / rows.length ** 2 - 0.5);
  return points + 10 * Math.floor(imbalance / 0.05);
}
