// The JSON file of a calibrator, as people and scripts write it: read whole, or refused with every reason and
// its line.
public import Documents

enum CalibratorKind: String, CaseIterable, Sendable {
    case isotonic, platt, beta, binned

    /// The keys that the kind needs, and that no other may have.
    var keys: [String] {
        switch self {
        case .isotonic: ["scores", "probabilities"]
        case .platt: ["slope", "intercept"]
        case .beta: ["a", "b", "c"]
        case .binned: ["edges", "probabilities"]
        }
    }
}

struct CalibratorFile: DocumentObject {
    var kind = CalibratorKind.platt
    var scores: [Double]?
    var edges: [Double]?
    var probabilities: [Double]?
    var slope: Double?
    var intercept: Double?
    var a: Double?
    var b: Double?
    var c: Double?

    /// Far beyond every score, and still small enough that no product of two is infinite.
    private static let anything: ClosedRange<Double> = -1e150...1e150

    static let schema = Schema<CalibratorFile>(
        "a calibrator",
        [
            .required("kind", \.kind, .choice, example: .platt, "How scores become probabilities."),
            .optional(
                "scores", \.scores, .list(of: .number(anything), count: 1...Calibrator.pointsMost),
                "isotonic: the scores of its points, ascending."),
            .optional(
                "edges", \.edges, .list(of: .number(anything), count: 2...Calibrator.pointsMost + 1),
                "binned: where bins begin, and where the last one ends, ascending."),
            .optional(
                "probabilities", \.probabilities, .list(of: .number(0...1), count: 1...Calibrator.pointsMost),
                "isotonic: the probability at each score, never falling; binned: that of each bin."),
            .optional("slope", \.slope, .number(anything), "platt: what a score is multiplied by."),
            .optional("intercept", \.intercept, .number(anything), "platt: what is added then."),
            .optional("a", \.a, .number(0...1e6), "beta: the weight of log p."),
            .optional("b", \.b, .number(0...1e6), "beta: the weight of -log(1 - p)."),
            .optional("c", \.c, .number(-1e6...1e6), "beta: what is added."),
        ],
        rules: [
            Rule("Each kind has its own keys and no others.") { file, objections in
                for (key, isThere) in file.present where isThere != file.kind.keys.contains(key) {
                    objections.refuse(
                        key, found: isThere ? "a key of another kind" : "nothing",
                        allowed: "\(file.kind.rawValue): " + file.kind.keys.joined(separator: ", "))
                }
            },
            Rule("Scores and edges ascend, without repeating.") { file, objections in
                for (key, numbers) in [("scores", file.scores ?? []), ("edges", file.edges ?? [])] {
                    for (index, pair) in zip(numbers, numbers.dropFirst()).enumerated() where pair.0 >= pair.1
                    {
                        objections.refuse(
                            "\(key)[\(index + 1)]", found: "\(pair.1) after \(pair.0)",
                            allowed: "larger than the one before")
                        return
                    }
                }
            },
            Rule("An isotonic calibrator never falls.") { file, objections in
                guard file.kind == .isotonic, let numbers = file.probabilities else { return }
                for (index, pair) in zip(numbers, numbers.dropFirst()).enumerated() where pair.0 > pair.1 {
                    objections.refuse(
                        "probabilities[\(index + 1)]", found: "\(pair.1) after \(pair.0)",
                        allowed: "not below the one before")
                    return
                }
            },
            Rule("There is one probability for each score, or for each bin.") { file, objections in
                guard let probabilities = file.probabilities else { return }
                let expected = file.kind == .binned ? (file.edges?.count ?? 1) - 1 : file.scores?.count ?? 0
                if file.kind == .isotonic || file.kind == .binned, probabilities.count != expected {
                    objections.refuse(
                        "probabilities", found: "\(probabilities.count)", allowed: "\(expected)")
                }
            },
        ])

    private var present: [(String, Bool)] {
        [
            ("scores", scores != nil), ("edges", edges != nil), ("probabilities", probabilities != nil),
            ("slope", slope != nil), ("intercept", intercept != nil), ("a", a != nil), ("b", b != nil),
            ("c", c != nil),
        ]
    }

    /// Nil where a rule would have refused it.
    var calibrator: Calibrator? {
        switch (kind, scores, edges, probabilities) {
        case (.isotonic, let scores?, _, let probabilities?):
            return .isotonic(scores: scores, probabilities: probabilities)
        case (.binned, _, let edges?, let probabilities?):
            return .binned(edges: edges, probabilities: probabilities)
        case (.platt, _, _, _):
            guard let slope, let intercept else { return nil }
            return .platt(slope: slope, intercept: intercept)
        case (.beta, _, _, _):
            guard let a, let b, let c else { return nil }
            return .beta(a: a, b: b, c: c)
        default: return nil
        }
    }
}

extension Calibrator {
    /// Reads a calibrator's file, or says all that is wrong with it.
    public init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let calibrator = CalibratorFile.schema.read(tree, "", &reading)?.calibrator else {
            throw reading.refused
        }
        self = calibrator
    }

    /// The JSON Schema of such files, from the declarations that read them.
    public static var jsonSchema: JSONTree {
        Kind<CalibratorFile>.object.shape.jsonSchema(title: "A Paceline calibrator")
    }
}
