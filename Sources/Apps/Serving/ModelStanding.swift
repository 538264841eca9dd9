// What a node says of its models to the coordinator that leads, as the bytes of `POST /v1/models/standing`, version 1: which package it
// serves or will not, and what it has counted since it serves it. It may be lost: the next one says all of it again.
public import Decision
public import Documents
internal import Units

public struct ModelStanding: Equatable, Sendable {
    public static let version: UInt32 = 1

    /// Who holds money of whoever is asked, and which of its nodes, where it is a broker that passes it on.
    public var holder: String
    public var node: String?
    public var region: String
    /// What is meant for the node, as far as it knows; nil where it knows of nothing.
    public var package: Int64?
    public var isHeld = false
    /// Of what it serves, in hexadecimal; nil where it serves none.
    public var models: String?
    /// Why it does not serve what is meant for it.
    public var refused: String?
    public var goals: [GoalTally] = []

    public init(holder: String, region: String) { (self.holder, self.region) = (holder, region) }

    /// The node itself.
    public var name: String { node ?? holder }

    /// What is refused has lines for people; one that is longer says nothing more.
    private static let reasonBytesMost = 2_048

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", Self.version...Self.version)
        self.init(holder: try fields.text("holder"), region: try fields.text("region"))
        node = fields.has("node") ? try fields.text("node") : nil
        package = fields.has("package") ? Int64(try fields.real("package", 1...9e15)) : nil
        isHeld = try fields.flag("here")
        models = fields.has("models") ? try fields.text("models", most: 16) : nil
        refused = fields.has("refused") ? try fields.text("refused", most: Self.reasonBytesMost) : nil
        for (index, one) in try fields.list("goals", most: PredictedGoal.allCases.count).enumerated() {
            let part = try Fields(one, at: "goals[\(index)]")
            let word = try part.text("goal")
            guard let goal = PredictedGoal.allCases.first(where: { "\($0)" == word }) else {
                throw Malformed(
                    place: "goals[\(index)].goal",
                    allowed: PredictedGoal.allCases.map { "\"\($0)\"" }.joined(separator: ", "))
            }
            func count(_ key: String) throws(Malformed) -> UInt64 { UInt64(try part.real(key, 0...9e15)) }
            goals.append(
                GoalTally(
                    goal: goal, candidates: try count("candidates"), full: try count("full"),
                    calibration: CalibrationCount(
                        shown: try count("shown"), expected: try part.real("expected", 0...9e15),
                        happened: try count("happened"))))
        }
    }

    public var tree: JSONTree {
        var members: [JSONTree.Member] = [
            .init("version", .number(Self.version)), .init("holder", .string(holder)),
            .init("region", .string(region)), .init("here", .bool(isHeld)),
        ]
        if let package { members.append(.init("package", .number(package))) }
        if let models { members.append(.init("models", .string(models))) }
        if let refused {
            members.append(
                .init(
                    "refused",
                    .string(String(decoding: refused.utf8.prefix(Self.reasonBytesMost - 4), as: UTF8.self))))
        }
        members.append(.init("goals", .array(goals.map(Self.tree))))
        return .object(members)
    }

    private static func tree(_ one: GoalTally) -> JSONTree {
        [
            "goal": .string("\(one.goal)"), "candidates": .number(one.candidates), "full": .number(one.full),
            "shown": .number(one.calibration.shown),
            "expected": JSONTree(.number("\(one.calibration.expected)")),
            "happened": .number(one.calibration.happened),
        ]
    }
}
