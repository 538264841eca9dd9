// `models.json`: which file of its directory predicts what, over which features, and what proves that they are the ones.
import Commands
import Decision
import Documents
import Units

/// `models.json`.
struct ModelList: DocumentObject {
    var version = 1
    var parent: String?
    var features = ""
    var models: [ModelEntry] = []
    var sums: [FileSum] = []
    var clickPrior: Double?
    var completedViewPrior: Double?
    var actionPrior: Double?

    static let schema = Schema<Self>(
        "models",
        [
            .constant("schema", "paceline/models/1", "What this file is, and how it is read."),
            .defaulted(
                "version", \.version, .integer(1...1_000_000), "Grows with every set that is published."),
            .optional(
                "parent", \.parent, .digest,
                "The version of the set that this one was made from, as the node and records name it."),
            .required("features", \.features, .fileName, "The schema of the features, beside this file."),
            .required("models", \.models, .list(of: .object, count: 0...6), "One for each goal and tier."),
            .optional(
                "clickPrior", \.clickPrior, .number(0...1),
                "The share of clicks that was observed; without it, decision.priors has one."),
            .optional(
                "completedViewPrior", \.completedViewPrior, .number(0...1), "The same of views to the end."),
            .optional("actionPrior", \.actionPrior, .number(0...1), "The same of actions."),
            .defaulted(
                "files", \.sums, .list(of: .object, count: 0...32),
                "The SHA-256 of every file that is named here, as `paceline model pack` writes them."),
        ])

    init() {}

    init(reading bytes: [UInt8]) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let list = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = list
    }
}

struct ModelEntry: DocumentObject {
    enum Goal: String, CaseIterable, Sendable {
        case click, completedView, action

        var predicted: PredictedGoal {
            switch self {
            case .click: .click
            case .completedView: .completedView
            case .action: .action
            }
        }
    }
    enum Tier: String, CaseIterable, Sendable { case full, distilled }

    var goal = Goal.click
    var tier = Tier.full
    var file = ""
    var calibrator: String?
    var golden: String?
    var microseconds: Double?

    static let schema = Schema<Self>(
        "model",
        [
            .required("goal", \.goal, .choice, "What it predicts of an impression."),
            .defaulted("tier", \.tier, .choice, "The full model, or a smaller one that was taught by it."),
            .required(
                "file", \.file, .fileName, "A model that `paceline model check` takes, beside this file."),
            .optional(
                "calibrator", \.calibrator, .fileName,
                "From its prediction to a probability that holds, beside this file."),
            .optional(
                "golden", \.golden, .fileName,
                "Rows with the raw score that they must have, as `paceline model pack` writes them: separated by tabs, a line of names first, the score in the last column."
            ),
            .optional(
                "microsecondsPerCandidate", \.microseconds, .number(0.001...10_000),
                "What one candidate may take, of 64 at once; a model that takes longer on this machine is refused."
            ),
        ])
}

/// One file and what is in it.
struct FileSum: DocumentObject {
    var name = ""
    var sha256 = ""

    init() {}

    init(name: String, sha256: String) { (self.name, self.sha256) = (name, sha256) }

    static let schema = Schema<Self>(
        "file",
        [
            .required("name", \.name, .fileName, "A file beside the list."),
            .required("sha256", \.sha256, .digest, "In hexadecimal."),
        ])
}

extension Kind where Value == String {
    fileprivate static var digest: Kind {
        .text(
            TextForm(name: "16 to 64 hexadecimal digits", pattern: "^[0-9a-f]{16,64}$"),
            read: { text in
                let isHex = text.utf8.allSatisfy {
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
                }
                return isHex && (16...64).contains(text.utf8.count) ? text : nil
            }, show: { $0 })
    }

    /// A name beside the list: no way leads out of its directory.
    fileprivate static var fileName: Kind {
        .text(
            TextForm(
                name: "a file's name: letters, digits, - _ and ., not first",
                pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$"),
            read: { text in
                let marks = Array("-_.".utf8)
                let isFine =
                    (1...128).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
                    && text.utf8.allSatisfy { byte in
                        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                            || marks.contains(byte)
                    }
                return isFine ? text : nil
            }, show: { $0 })
    }
}
