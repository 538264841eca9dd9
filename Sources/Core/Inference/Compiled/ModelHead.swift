// What every kind of compiled model says of itself, in its first two sections: numbers, and the names of its
// features.

public struct ModelHead: Equatable, Sendable {
    public var format: ModelFormat
    public var featureCount: Int
    public var outputCount: Int
    public var transform: OutputTransform
    /// What a raw score is divided by before the transform.
    public var transformDivisor: Double
    /// One for each feature, or none at all.
    public var featureNames: [String]

    init(
        format: ModelFormat, featureCount: Int, outputCount: Int, transform: OutputTransform,
        transformDivisor: Double = 1, featureNames: [String]
    ) {
        self.format = format
        self.featureCount = featureCount
        self.outputCount = outputCount
        self.transform = transform
        self.transformDivisor = transformDivisor
        self.featureNames = featureNames
    }

    static let sections = 2

    func write(to writer: inout CompiledWriter) {
        let (number, parameter) = transform.code
        writer.add(
            [
                UInt64(ModelFormat.allCases.firstIndex(of: format) ?? 0), UInt64(featureCount),
                UInt64(outputCount),
                UInt64(number), parameter.bitPattern, transformDivisor.bitPattern,
            ])
        // Each with its length before it: a name may hold any byte.
        writer.add(
            featureNames.flatMap { name in
                let bytes = Array(name.utf8)
                return (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
            })
    }

    init(_ file: CompiledFile) throws(CompiledRefused) {
        guard file.sectionCount >= Self.sections else { throw file.refused("\(file.sectionCount) sections") }
        let words = unsafe file.numbers(0, UInt64.self)
        guard words.count >= 6 else { throw file.refused("\(words.count) words in its head") }
        let formats = ModelFormat.allCases
        let (format, features, outputs) = unsafe (words[0], words[1], words[2])
        guard format < UInt64(formats.count) else { throw file.refused("format \(format)") }
        guard features >= 1, features <= UInt64(EnsembleLimits.features) else {
            throw file.refused("\(features) features")
        }
        guard outputs >= 1, outputs <= UInt64(EnsembleLimits.outputs) else {
            throw file.refused("\(outputs) outputs")
        }
        let (number, parameter, divisor) = unsafe (
            words[3], Double(bitPattern: words[4]), Double(bitPattern: words[5])
        )
        guard let transform = OutputTransform(number, parameter), divisor >= 1, divisor.isFinite else {
            throw file.refused("transform \(number) with \(parameter), \(divisor)")
        }
        guard let names = unsafe Self.names(file.numbers(1, UInt8.self)) else {
            throw file.refused("names cut off")
        }
        guard names.isEmpty || names.count == Int(features) else {
            throw file.refused("\(names.count) names")
        }
        self.init(
            format: formats[Int(format)], featureCount: Int(features), outputCount: Int(outputs),
            transform: transform, transformDivisor: divisor, featureNames: names)
    }
}

extension ModelHead {
    private static func names(_ text: UnsafeBufferPointer<UInt8>) -> [String]? {
        var (names, at): ([String], Int) = ([], 0)
        while at < text.count {
            guard at + 4 <= text.count else { return nil }
            var length = 0
            for index in 0..<4 { unsafe length |= Int(text[at + index]) << (8 * index) }
            at += 4
            guard length <= text.count - at else { return nil }
            names.append(
                unsafe String(decoding: UnsafeBufferPointer(rebasing: text[at..<at + length]), as: UTF8.self))
            at += length
        }
        return names
    }
}

extension OutputTransform {
    fileprivate var code: (UInt8, Double) {
        switch self {
        case .identity: (0, 0)
        case .sigmoid(let steepness): (1, steepness)
        case .softmax: (2, 0)
        case .exponential: (3, 0)
        case .signedSquare: (4, 0)
        case .softplus: (5, 0)
        case .step: (6, 0)
        case .largest: (7, 0)
        }
    }

    fileprivate init?(_ number: UInt64, _ parameter: Double) {
        switch number {
        case 0: self = .identity
        case 1:
            guard parameter > 0, parameter.isFinite else { return nil }
            self = .sigmoid(steepness: parameter)
        case 2: self = .softmax
        case 3: self = .exponential
        case 4: self = .signedSquare
        case 5: self = .softplus
        case 6: self = .step
        case 7: self = .largest
        default: return nil
        }
    }
}
