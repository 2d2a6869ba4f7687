// IEEE 754 binary16, rounded to nearest even. Node 20 has no Float16Array.

const scratch = new DataView(new ArrayBuffer(4));

/** @param {number} value @returns {number} the bits of the nearest half */
export function toHalf(value) {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) {
    return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  }
  if (magnitude >= 0x38800000) {
    // Normal: rebias the exponent, then add half a unit in the last place, ties to even. A carry
    // out of the mantissa moves into the exponent, up to infinity, as it should.
    const rebiased = magnitude - 0x38000000;
    return sign | Math.min((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13, 0x7c00);
  }
  return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
}

/** @param {number} value non-negative @returns {number} */
function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** @param {number} bits @returns {number} */
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) {
    return mantissa ? NaN : sign * Infinity;
  }
  return exponent === 0
    ? sign * mantissa * 2 ** -24
    : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
