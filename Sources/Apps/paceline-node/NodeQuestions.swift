// What operators ask of nodes, from this node's side: it asks every second what it is asked, and answers from its own journal and disk. A
// thread of its own asks, and another one, behind all others, finds out: neither requests for ads nor money wait for either.
import Commands
import DecisionJournal
import Documents
import Kernel
import LedgerWire
import Serving
import Settings
import Synchronization
import Telemetry
import Units

/// One kind of questions: what is made of its body, on a thread that steps behind all others.
struct QuestionKind: Sendable {
    let name: String
    let answer: @Sendable (JSONTree) -> QuestionAnswer.Outcome
}

/// Shared by its threads, for as long as the process runs.
final class NodeQuestions: Sendable {
    private struct State {
        var pause = Interval.seconds(1)
        var isAsking = false
        /// Asked of here, and not said yet: by number, the answer where it is known.
        var open: [UInt64: QuestionAnswer?] = [:]
        var isWorking = false
    }

    private let link: IssuerLink
    private let words: QuestionWords
    private let kinds: [QuestionKind]
    private let log: Log
    private let state = Mutex(State())

    /// Whoever asks nothing yet may do so after an upgrade.
    private static let notAskedPause = Interval.seconds(15)
    /// Whoever was not heard says it again.
    private static let again = Interval.seconds(1)
    private static let look = Interval.milliseconds(100)

    static func start(_ link: IssuerLink, _ context: NodeContext) throws(Failure) {
        let questions = NodeQuestions(link, context)
        do {
            try Thread(name: "questions") {
                Kernel.stepBehindOtherThreads()
                while true { questions.turn() }
            }.detach()
        } catch {
            throw Failure("the thread that asks what operators ask could not start: \(error)")
        }
    }

    private init(_ link: IssuerLink, _ context: NodeContext) {
        self.link = link
        log = context.log
        kinds = Self.kinds(context)
        words = QuestionWords(
            holder: link.holder, region: context.settings.node.region,
            // By this start: whoever died is not waited for.
            start: UInt64(bitPattern: context.startedAt.nanoseconds), kinds: kinds.map(\.name))
    }

    private static func kinds(_ context: NodeContext) -> [QuestionKind] {
        var kinds: [QuestionKind] = []
        if let search = ExplainSearch(context.settings, context.notices?.keys) {
            kinds.append(QuestionKind(name: "explain") { search.answer($0) })
        }
        if let forecast = NodeForecast(context.settings, context.notices?.keys) {
            kinds.append(QuestionKind(name: "forecast") { forecast.answer($0) })
        }
        return kinds
    }

    /// Asks, with an answer that is known, and waits as long as it was told to.
    private func turn() {
        let (answer, working, isFree) = state.withLock { state in
            let isFree = !state.isAsking
            state.isAsking = true
            return (state.open.values.lazy.compactMap { $0 }.first, Array(state.open.keys), isFree)
        }
        if isFree {
            var words = words
            words.working = Array(working.prefix(QuestionWord.most))
            words.answer = answer
            link.question(words) { [self] in heard($0, said: answer?.number) }
        }
        var waited = Interval.zero
        // An answer that comes meanwhile is said at once.
        while waited < state.withLock({ $0.pause }) {
            Kernel.sleep(for: Self.look)
            waited = waited + Self.look
            let isNews = state.withLock { state in
                !state.isAsking && state.open.values.contains { $0 != nil && $0?.number != answer?.number }
            }
            if isNews { return }
        }
    }

    private func heard(_ outcome: IssuerLink.QuestionOutcome, said: UInt64?) {
        let asked: [QuestionWord.Question] = state.withLock { state in
            state.isAsking = false
            switch outcome {
            case .notAsked:
                state.pause = Self.notAskedPause
                return []
            case .unanswered:
                state.pause = Self.again
                return []
            case .asked(let word):
                state.pause = word.pause
                if let said { state.open[said] = nil }
                // What is asked no more needs no answer.
                let numbers = Set(word.open + word.questions.map(\.number))
                state.open = state.open.filter { numbers.contains($0.key) }
                return word.questions.filter { state.open[$0.number] == nil }
            }
        }
        for question in asked { take(question) }
    }

    /// One at a time is found out; the others are asked again with the next word.
    private func take(_ question: QuestionWord.Question) {
        guard let kind = kinds.first(where: { $0.name == question.kind }) else {
            let answer = QuestionAnswer(number: question.number, outcome: .unknownKind)
            return state.withLock { $0.open[question.number] = answer }
        }
        let isMine = state.withLock { state in
            guard !state.isWorking else { return false }
            state.isWorking = true
            state.open[question.number] = .some(nil)
            return true
        }
        guard isMine else { return }
        do {
            try Thread(name: "answer") { [self] in
                Kernel.stepBehindOtherThreads()
                let answer = QuestionAnswer(number: question.number, outcome: kind.answer(question.body))
                state.withLock { state in
                    state.isWorking = false
                    if state.open[question.number] != nil { state.open[question.number] = answer }
                }
            }.detach()
        } catch {
            state.withLock { state in
                state.isWorking = false
                state.open[question.number] = QuestionAnswer(
                    number: question.number,
                    outcome: .failed("the thread that finds it out could not be started: \(error)"))
            }
        }
    }
}

extension ExplainSearch {
    /// `{"decision": "00000000000004d2"}`.
    func answer(_ body: JSONTree) -> QuestionAnswer.Outcome {
        guard case .string(let text)? = body["decision"]?.content,
            let id = WordKind.identifier.value(of: text)
        else { return .failed("the question names no decision") }
        return switch find(id) {
        case .explained(let tree): Self.bounded(tree)
        case .notFound: .nothing
        case .failed(let why): .failed(why)
        }
    }

    /// What makes it longer than an answer may be is left out, and it says so: the reason of each line item first, then what models were told.
    private static func bounded(_ tree: JSONTree) -> QuestionAnswer.Outcome {
        var tree = tree
        var left: [JSONTree] = []
        for part in ["outcomes", "prediction", "candidates"] {
            guard tree.line.utf8.count > QuestionWords.answerBytesMost - 1_024 else { break }
            tree = tree.without(part, in: "explanation")
            left.append(.string(part))
        }
        guard tree.line.utf8.count <= QuestionWords.answerBytesMost - 1_024 else {
            return .failed(
                "the explanation is longer than \(QuestionWords.answerBytesMost) bytes: ask `paceline explain` on the node"
            )
        }
        guard case .object(let members) = tree.content else { return .known(tree) }
        return .known(.object(members + [.init("leftOut", .array(left))]))
    }
}

extension JSONTree {
    /// Without members of this name, wherever they are below the one of another name.
    fileprivate func without(_ name: String, in outer: String) -> JSONTree {
        guard case .object(let members) = content else { return self }
        return .object(
            members.map { .init($0.key, $0.key == outer ? $0.value.without(name) : $0.value) })
    }

    private func without(_ name: String) -> JSONTree {
        switch content {
        case .object(let members):
            .object(members.filter { $0.key != name }.map { .init($0.key, $0.value.without(name)) })
        case .array(let all): .array(all.map { $0.without(name) })
        default: self
        }
    }
}
