// One question that is open: who was asked, and what was answered. Only whoever was asked is heard, once, and of each holder so much that
// it cannot fill this process's memory.
import Documents
import Serving
import Units

struct OpenQuestion {
    let number: UInt64
    let kind: String
    let body: JSONTree
    let end: Instant
    private let isEnoughFor: (JSONTree) -> Bool
    private(set) var asked: Set<String> = []
    private(set) var answers: [String: QuestionAnswer.Outcome] = [:]
    /// A node's answer ends it.
    private(set) var isEnough = false
    /// By holder.
    private var bytes: [String: Int] = [:]

    /// Of one holder with all of its nodes: as many samples as nodes a broker may have, and some explanations.
    static let holderBytesMost = 1_024 * 1_024

    init(
        number: UInt64, kind: String, body: JSONTree, end: Instant, isEnough: @escaping (JSONTree) -> Bool
    ) {
        (self.number, self.kind, self.body, self.end) = (number, kind, body, end)
        isEnoughFor = isEnough
    }

    /// Whether this node is to be told of it.
    mutating func asks(_ name: String, knowing kinds: [String]) -> Bool {
        guard answers[name] == nil else { return false }
        guard kinds.contains(kind) else {
            answers[name] = .unknownKind
            return false
        }
        asked.insert(name)
        return true
    }

    /// - Parameters:
    ///   - holder: who said it, which was vouched for.
    ///   - bytes: that it came in.
    mutating func take(
        _ outcome: QuestionAnswer.Outcome, from name: String, by holder: String, bytes more: Int
    ) {
        guard asked.contains(name), answers[name] == nil else { return }
        let sum = bytes[holder, default: 0] + more
        guard sum <= Self.holderBytesMost else {
            answers[name] = .failed(
                "the answers that \(holder) has said to this question are more than \(Self.holderBytesMost) bytes"
            )
            return
        }
        bytes[holder] = sum
        answers[name] = outcome
        if case .known(let tree) = outcome, isEnoughFor(tree) { isEnough = true }
    }
}
