// `models.json`: which file predicts what, what it must say of which rows, and what all files must come to.
import Catalog
import Decision
import Documents

struct ModelList: DocumentObject {
    var features = ""
    var models: [ModelEntry] = []
    var clickPrior: Double?
    var completedViewPrior: Double?
    var actionPrior: Double?
    var files: [ListedFile]?

    /// Each model with its calibrator and golden rows, and the schema.
    private static let filesMost = 3 * (ServedModels.most + ShadowModel.most) + 1

    static let schema = Schema<Self>(
        "models",
        [
            .constant("schema", "paceline/models/1", "What this file is, and how it is read."),
            .required("features", \.features, .fileName, "The schema of the features, beside this file."),
            .required(
                "models", \.models, .list(of: .object, count: 0...ServedModels.most + ShadowModel.most),
                "One for each goal and tier, others for campaigns that have their own, and shadows beside them."
            ),
            .optional(
                "clickPrior", \.clickPrior, .number(0...1),
                "The share of clicks that was observed; without it, decision.priors has one."),
            .optional(
                "completedViewPrior", \.completedViewPrior, .number(0...1), "The same of views to the end."),
            .optional("actionPrior", \.actionPrior, .number(0...1), "The same of actions."),
            .optional(
                "files", \.files, .list(of: .object, count: 1...filesMost),
                "All files that are named here, with their checksums, as `paceline model pack` writes them."),
        ],
        rules: [
            Rule("There is one model for each goal, tier and campaign, and one for all others.") {
                list, objections in
                var seen: Set<String> = []
                for (index, model) in list.models.enumerated() where !model.isShadow {
                    for campaign in model.campaigns ?? [""]
                    where !seen.insert("\(model.goal) \(model.tier) \(campaign)").inserted {
                        objections.refuse(
                            "models[\(index)].\(campaign.isEmpty ? "goal" : "campaigns")",
                            found: "a second \(model.tier) model of \(model.goal)"
                                + (campaign.isEmpty ? "" : " for \(campaign)"),
                            allowed: "one")
                    }
                }
                let count = list.models.count { !$0.isShadow }
                if count > ServedModels.most {
                    objections.refuse(
                        "models", found: "\(count) models that decide", allowed: "up to \(ServedModels.most)")
                }
            },
            Rule("Shadows have names of their own, and there are at most \(ShadowModel.most).") {
                list, objections in
                let shadows = list.models.enumerated().filter(\.element.isShadow)
                for (place, shadow) in shadows.enumerated() {
                    if place >= ShadowModel.most {
                        objections.refuse(
                            "models[\(shadow.offset)].role", found: "shadow number \(place + 1)",
                            allowed: "up to \(ShadowModel.most)")
                    }
                    if shadows[..<place].contains(where: { $0.element.name == shadow.element.name }) {
                        objections.refuse(
                            "models[\(shadow.offset)].name", found: "\(shadow.element.name ?? "") again",
                            allowed: "a name that no other shadow has")
                    }
                }
            },
            Rule("`files` has each file that is named here, once, and no other.") { list, objections in
                guard let files = list.files?.map(\.name) else { return }
                let (names, listed) = (Set(list.names), Set(files))
                var seen: Set<String> = []
                for (index, name) in files.enumerated() {
                    if !names.contains(name) {
                        objections.refuse(
                            "files[\(index)].name", found: "\(name)",
                            allowed: "a file that is named elsewhere here")
                    } else if !seen.insert(name).inserted {
                        objections.refuse("files[\(index)].name", found: "\(name) again", allowed: "once")
                    }
                }
                for name in list.names where !listed.contains(name) {
                    objections.refuse(
                        "files", found: "nothing for \(name)",
                        allowed: "every file: run `paceline model pack` again")
                }
            },
        ])

    init() {}

    /// - Parameter isSealed: whether its checksums are read, where it has any.
    init(reading bytes: [UInt8], isSealed: Bool = true) throws(DocumentRefused) {
        var reading = DocumentReading(bytes)
        var tree = try reading.tree(of: bytes)
        if !isSealed, case .object(let members) = tree.content {
            tree = JSONTree(.object(members.filter { $0.key != "files" }), offset: tree.offset)
        }
        guard let list = Self.schema.read(tree, "", &reading) else { throw reading.refused }
        self = list
    }

    /// Every file that it names, once, in the order in which it does.
    var names: [String] {
        let all = [features] + models.flatMap { [$0.file, $0.calibrator, $0.golden].compactMap { $0 } }
        var seen: Set<String> = []
        return all.filter { seen.insert($0).inserted }
    }

    var page: String { Self.schema.show(self).page + "\n" }

    /// Of a file beside the list: no way leads out of its directory.
    static func isFileName(_ text: String) -> Bool {
        let marks = Array("-_.".utf8)
        return (1...128).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || marks.contains(byte)
            }
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

    enum Role: String, CaseIterable, Sendable { case champion, shadow }

    var goal = Goal.click
    var role = Role.champion
    var name: String?
    var tier = Tier.full
    var file = ""
    var calibrator: String?
    var golden: String?
    var columns: [String]?
    var campaigns: [String]?
    var version: Int?
    var parent: Int?
    var featuresVersion: Int?
    var latencyMicroseconds: Int?

    static let schema = Schema<Self>(
        "model",
        [
            .required("goal", \.goal, .choice, "What it predicts of an impression."),
            .defaulted(
                "role", \.role, .choice,
                "Whether it decides, or is only compared with the one that does: `paceline model compare`."),
            .optional("name", \.name, .fileName, "What a shadow is called in journals."),
            .defaulted("tier", \.tier, .choice, "The full model, or a smaller one that was taught by it."),
            .required(
                "file", \.file, .fileName, "A model that `paceline model check` takes, beside this file."),
            .optional(
                "calibrator", \.calibrator, .fileName,
                "From its prediction to a probability that holds, beside this file."),
            .optional(
                "golden", \.golden, .fileName,
                "Rows with what the model must say of them, beside this file; one that says anything else is refused."
            ),
            .optional(
                "columns", \.columns, .list(of: .words, count: 1...1_024),
                "The schema's features in the model's order, where its own names are not theirs."),
            .optional(
                "campaigns", \.campaigns, .list(of: .identifier, count: 1...4_096),
                "Those that it predicts for in place of the model for all; without it, it is that one."),
            .optional(
                "version", \.version, .integer(1...1_000_000_000), "Grows with every training, for people."),
            .optional(
                "parent", \.parent, .integer(1...1_000_000_000),
                "The version that it was made from, or that it is to take the place of."),
            .optional(
                "featuresVersion", \.featuresVersion, .integer(1...1_000_000),
                "The version of the features' schema that it was trained with; with another one it is refused."
            ),
            .optional(
                "latencyMicroseconds", \.latencyMicroseconds, .integer(1...1_000_000, unit: "microseconds"),
                "What 64 candidates may take on the machine that serves; a slower model is refused there."),
        ],
        rules: [
            Rule("`parent` is older than `version`.") { model, objections in
                guard let parent = model.parent, parent >= model.version ?? .max else { return }
                objections.refuse(
                    "parent", found: "\(parent)", allowed: "less than the version, \(model.version ?? 0)")
            },
            Rule("A shadow has a name and no tier; a champion has no name.") { model, objections in
                if model.isShadow == (model.name == nil) {
                    objections.refuse(
                        "name", found: model.name ?? "nothing",
                        allowed: model.isShadow
                            ? "a name, since it is a shadow" : "none: only shadows have names")
                }
                if model.isShadow, model.campaigns != nil {
                    objections.refuse(
                        "campaigns", found: "a list", allowed: "none: a shadow is compared for all campaigns")
                }
                if model.isShadow, model.tier != .full {
                    objections.refuse(
                        "tier", found: model.tier.rawValue, allowed: "none: a shadow is in no tier")
                }
            },
        ])

    var isShadow: Bool { role == .shadow }
    /// What files and people call it.
    var title: String { name ?? tier.rawValue }

    /// What its golden rows are called where `paceline model pack` writes them.
    var goldenName: String { "\(campaigns == nil ? "\(goal)-\(title)" : file).golden.jsonl" }
}

struct ListedFile: DocumentObject {
    var name = ""
    var sha256 = ""

    static let schema = Schema<Self>(
        "file",
        [
            .required("name", \.name, .fileName, "Beside this file."),
            .required("sha256", \.sha256, .sha256, "Of its bytes."),
        ])
}

extension Kind where Value == String {
    fileprivate static var sha256: Kind {
        .text(
            TextForm(name: "64 hexadecimal digits, in lower case", pattern: "^[0-9a-f]{64}$"),
            read: { text in
                let digits = Array("0123456789abcdef".utf8)
                return text.utf8.count == 64 && text.utf8.allSatisfy(digits.contains) ? text : nil
            }, show: { $0 })
    }

    /// A name beside the list: no way leads out of its directory.
    fileprivate static var fileName: Kind {
        .text(
            TextForm(
                name: "a file's name: letters, digits, - _ and ., not first",
                pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$"),
            read: { text in ModelList.isFileName(text) ? text : nil }, show: { $0 })
    }
}
