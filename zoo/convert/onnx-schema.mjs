// The part of ONNX's protobuf schema that the converter reads or writes. Field numbers are those of
// the published onnx.proto; unknown fields are skipped on reading.
import protobuf from 'protobufjs/light.js';

/** @typedef {(type: string, id: number) => any} Field */

/** @type {Field} */
const repeated = (type, id) => ({ rule: 'repeated', type, id, options: { packed: false } });
/** @type {Field} */
const packed = (type, id) => ({ rule: 'repeated', type, id, options: { packed: true } });
/** @type {Field} */
const one = (type, id) => ({ type, id });

const types = {
  ModelProto: {
    irVersion: one('int64', 1),
    producerName: one('string', 2),
    opsetImport: repeated('OperatorSetIdProto', 8),
    graph: one('GraphProto', 7),
    metadataProps: repeated('StringStringEntryProto', 14),
  },
  OperatorSetIdProto: { domain: one('string', 1), version: one('int64', 2) },
  StringStringEntryProto: { key: one('string', 1), value: one('string', 2) },
  GraphProto: {
    node: repeated('NodeProto', 1),
    name: one('string', 2),
    initializer: repeated('TensorProto', 5),
    input: repeated('ValueInfoProto', 11),
    output: repeated('ValueInfoProto', 12),
  },
  NodeProto: {
    input: repeated('string', 1),
    output: repeated('string', 2),
    name: one('string', 3),
    opType: one('string', 4),
    domain: one('string', 7),
    attribute: repeated('AttributeProto', 5),
  },
  AttributeProto: {
    name: one('string', 1),
    f: one('float', 2),
    i: one('int64', 3),
    s: one('bytes', 4),
    t: one('TensorProto', 5),
    floats: repeated('float', 7),
    ints: repeated('int64', 8),
    type: one('int32', 20),
  },
  TensorProto: {
    dims: repeated('int64', 1),
    dataType: one('int32', 2),
    floatData: packed('float', 4),
    int32Data: packed('int32', 5),
    int64Data: packed('int64', 7),
    name: one('string', 8),
    rawData: one('bytes', 9),
    dataLocation: one('int32', 14),
  },
  ValueInfoProto: { name: one('string', 1), type: one('TypeProto', 2) },
  TypeProto: { tensorType: one('TensorTypeProto', 1) },
  TensorTypeProto: { elemType: one('int32', 1), shape: one('TensorShapeProto', 2) },
  TensorShapeProto: { dim: repeated('DimensionProto', 1) },
  DimensionProto: { dimValue: one('int64', 1), dimParam: one('string', 2) },
};

const nested = Object.fromEntries(
  Object.entries(types).map(([name, fields]) => [name, { fields }]),
);

/** The message type of a whole ONNX file. */
export const ModelProto = protobuf.Root.fromJSON({ nested }).lookupType('ModelProto');

/** TensorProto.DataType */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT16 = 10;
export const DOUBLE = 11;

/** AttributeProto.AttributeType */
export const ATTRIBUTE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7 };
