// Writes ONNX files field by field, as tests need them: whole ones, and ones with a mistake in them.

enum ONNXWriter {
    static func varint(_ value: UInt64) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), value)
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func number(_ field: Int, _ value: Int64) -> [UInt8] {
        varint(UInt64(field) << 3) + varint(UInt64(bitPattern: value))
    }

    static func bytes(_ field: Int, _ bytes: [UInt8]) -> [UInt8] {
        varint(UInt64(field) << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func text(_ field: Int, _ text: String) -> [UInt8] { bytes(field, Array(text.utf8)) }

    static func float(_ field: Int, _ value: Float) -> [UInt8] {
        varint(UInt64(field) << 3 | 5)
            + (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }

    static func tensor(_ name: String, _ dimensions: [Int64], floats: [Float]) -> [UInt8] {
        dimensions.flatMap { number(1, $0) } + number(2, 1) + text(8, name)
            + bytes(
                9,
                floats.flatMap { value in
                    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
                })
    }

    static func tensor(_ name: String, ints: [Int64]) -> [UInt8] {
        number(1, Int64(ints.count)) + number(2, 7)
            + bytes(7, ints.flatMap { varint(UInt64(bitPattern: $0)) }) + text(8, name)
    }

    enum Attribute {
        case int(Int64), float(Float), text(String), ints([Int64]), floats([Float]), texts([String])
    }

    static func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], domain: String = "",
        _ attributes: [String: Attribute] = [:]
    ) -> [UInt8] {
        var node = inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) } + text(4, operation)
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            var attribute = text(1, name)
            switch value {
            case .int(let value): attribute += number(3, value) + number(20, 2)
            case .float(let value): attribute += float(2, value) + number(20, 1)
            case .text(let value): attribute += text(4, value) + number(20, 3)
            case .ints(let values): attribute += values.flatMap { number(8, $0) } + number(20, 7)
            case .floats(let values): attribute += values.flatMap { float(7, $0) } + number(20, 6)
            case .texts(let values): attribute += values.flatMap { text(9, $0) } + number(20, 8)
            }
            node += bytes(5, attribute)
        }
        return node + text(7, domain)
    }

    /// A dimension below zero is free.
    static func value(_ name: String, type: Int64 = 1, _ dimensions: [Int64]) -> [UInt8] {
        let shape = dimensions.flatMap { bytes(1, $0 < 0 ? text(2, "N") : number(1, $0)) }
        return text(1, name) + bytes(2, bytes(1, number(1, type) + bytes(2, shape)))
    }

    static func graph(
        _ nodes: [[UInt8]], inputs: [[UInt8]], outputs: [String] = ["y"], constants: [[UInt8]] = []
    ) -> [UInt8] {
        nodes.flatMap { bytes(1, $0) } + constants.flatMap { bytes(5, $0) } + inputs.flatMap { bytes(11, $0) }
            + outputs.flatMap { bytes(12, text(1, $0)) }
    }

    static func model(_ graph: [UInt8], version: Int64 = 8, opset: Int64 = 17, ml: Int64 = 3) -> [UInt8] {
        number(1, version) + bytes(7, graph) + bytes(8, text(1, "ai.onnx.ml") + number(2, ml))
            + bytes(8, text(1, "") + number(2, opset))
    }

    /// A network of two layers over four features, with an embedding beside them.
    static let network = model(
        graph(
            [
                node("Gather", ["table", "c"], ["e"]),
                node("Concat", ["x", "e"], ["all"], ["axis": .int(1)]),
                node("Gemm", ["all", "w", "b"], ["h"]), node("Relu", ["h"], ["r"]),
                node("MatMul", ["r", "v"], ["s"]),
                node("Sigmoid", ["s"], ["y"]),
            ],
            inputs: [value("x", [-1, 4]), value("c", type: 7, [-1])],
            constants: [
                tensor("table", [3, 2], floats: [1, 2, 3, 4, 5, 6]),
                tensor("w", [6, 5], floats: (0..<30).map { Float($0 % 7) * 0.25 - 0.6 }),
                tensor("b", [5], floats: [0.1, -0.1, 0.3, 0, 1]),
                tensor("v", [5, 1], floats: [1, -1, 0.5, 0.25, -0.3]),
            ]))
}
