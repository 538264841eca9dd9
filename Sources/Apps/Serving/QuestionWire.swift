// Questions that the coordinator that leads has for nodes, and what they answer, as the bytes of `POST /v1/questions`, version 1. Connections
// only go upward: a node asks what it is asked, and says an answer in the same way. Whatever is lost is said again.
public import Documents
public import Units

/// What a node says: that it is there and what it can be asked, and at most one answer.
public struct QuestionWords: Sendable {
    public static let version: UInt32 = 1
    /// More kinds than a version will know.
    public static let kindsMost = 32
    /// An answer as JSON: a quarter of what a broker or a coordinator takes as one body.
    public static let answerBytesMost = 256 * 1_024

    /// Who holds money of whoever is asked, and which of its nodes, where it is a broker that passes it on.
    public var holder: String
    public var node: String?
    public var region: String
    /// Another one with each start of the process.
    public var start: UInt64
    public var kinds: [String]
    /// What it works on: these need not be said to it again.
    public var working: [UInt64] = []
    public var answer: QuestionAnswer?
    /// That they came in: of the answer, all but some hundred.
    public var byteCount = 0

    public init(
        holder: String, region: String, start: UInt64, kinds: [String], answer: QuestionAnswer? = nil
    ) {
        (self.holder, self.region, self.start) = (holder, region, start)
        (self.kinds, self.answer) = (kinds, answer)
    }

    /// The node itself.
    public var name: String { node ?? holder }

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", Self.version...Self.version)
        self.init(
            holder: try fields.text("holder"), region: try fields.text("region"),
            start: try fields.bits("start"), kinds: [])
        node = fields.has("node") ? try fields.text("node") : nil
        for (index, one) in try fields.list("kinds", most: Self.kindsMost).enumerated() {
            guard case .string(let kind) = one.content, (1...64).contains(kind.utf8.count) else {
                throw Malformed(place: "kinds[\(index)]", allowed: "a text of 1 to 64 bytes")
            }
            kinds.append(kind)
        }
        working = try QuestionWord.numbers(fields, "working")
        if fields.has("answer") {
            answer = try QuestionAnswer(try Fields(try fields.tree("answer", "an answer"), at: "answer"))
        }
    }

    public var tree: JSONTree {
        var members: [JSONTree.Member] = [
            .init("version", .number(Self.version)), .init("holder", .string(holder)),
            .init("region", .string(region)), .init("start", .string("\(start)")),
            .init("kinds", .array(kinds.map { .string($0) })),
            .init("working", .array(working.map { .string("\($0)") })),
        ]
        if let answer { members.append(.init("answer", answer.tree)) }
        return .object(members)
    }
}

/// What one node says to one question.
public struct QuestionAnswer: Sendable {
    public enum Outcome: Sendable {
        case known(JSONTree)
        /// It has nothing of what was asked for.
        case nothing
        case failed(String)
        /// It is of a version that has not heard of such questions.
        case unknownKind
    }

    public var number: UInt64
    public var outcome: Outcome

    /// What is said of a failure; a longer one says nothing more.
    private static let whyBytesMost = 2_048

    public init(number: UInt64, outcome: Outcome) { (self.number, self.outcome) = (number, outcome) }

    init(_ fields: Fields) throws(Malformed) {
        number = try fields.bits("question")
        switch try fields.text("outcome", most: 32) {
        case "known": outcome = .known(try fields.tree("known", "what is known"))
        case "nothing": outcome = .nothing
        case "failed": outcome = .failed(try fields.text("why", most: Self.whyBytesMost))
        case "unknownKind": outcome = .unknownKind
        default:
            throw Malformed(
                place: "answer.outcome", allowed: "\"known\", \"nothing\", \"failed\" or \"unknownKind\"")
        }
    }

    var tree: JSONTree {
        var members: [JSONTree.Member] = [.init("question", .string("\(number)"))]
        switch outcome {
        case .known(let tree): members += [.init("outcome", "known"), .init("known", tree)]
        case .nothing: members.append(.init("outcome", "nothing"))
        case .failed(let why):
            let said = String(decoding: why.utf8.prefix(Self.whyBytesMost - 4), as: UTF8.self)
            members += [
                .init("outcome", "failed"), .init("why", .string(said.isEmpty ? "it did not say" : said)),
            ]
        case .unknownKind: members.append(.init("outcome", "unknownKind"))
        }
        return .object(members)
    }
}

/// What a node is asked, and when it is to ask again.
public struct QuestionWord: Sendable {
    public struct Question: Sendable {
        public var number: UInt64
        public var kind: String
        public var body: JSONTree

        public init(number: UInt64, kind: String, body: JSONTree) {
            (self.number, self.kind, self.body) = (number, kind, body)
        }
    }

    /// That are open at once.
    public static let most = 4
    /// What is asked, as JSON: all of them are one answer to whoever asks, of at most a megabyte.
    public static let questionBytesMost = 192 * 1_024

    public var pause: Interval
    /// What is still to be answered of that which the node works on.
    public var open: [UInt64]
    public var questions: [Question]

    /// Between two askings: no coordinator has a node ask more often, or wait so long that nobody knows whether it is there.
    private static let pauses: ClosedRange<UInt32> = 100...60_000

    public init(pause: Interval, open: [UInt64], _ questions: [Question]) {
        (self.pause, self.open, self.questions) = (pause, open, questions)
    }

    fileprivate static func numbers(_ fields: Fields, _ key: String) throws(Malformed) -> [UInt64] {
        var numbers: [UInt64] = []
        for one in try fields.list(key, most: most) {
            guard case .string(let text) = one.content, let number = UInt64(text) else {
                throw Malformed(place: key, allowed: "whole numbers of 64 bits, as texts")
            }
            numbers.append(number)
        }
        return numbers
    }

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", QuestionWords.version...QuestionWords.version)
        pause = .milliseconds(Int64(try fields.number("pauseMilliseconds", Self.pauses)))
        open = try Self.numbers(fields, "open")
        questions = []
        for (index, one) in try fields.list("questions", most: Self.most).enumerated() {
            let fields = try Fields(one, at: "questions[\(index)]")
            questions.append(
                Question(
                    number: try fields.bits("question"), kind: try fields.text("kind", most: 64),
                    body: try fields.tree("body", "what is asked")))
        }
    }

    public var tree: JSONTree {
        [
            "version": .number(QuestionWords.version), "pauseMilliseconds": .number(pause.wholeMilliseconds),
            "open": .array(open.map { .string("\($0)") }),
            "questions": .array(
                questions.map {
                    ["question": .string("\($0.number)"), "kind": .string($0.kind), "body": $0.body]
                }),
        ]
    }
}
