// `paceline replay`: recorded decisions, made again from disk alone, and compared byte for byte; or with another
// catalog, to see what it would change.
import CSIMD
import Catalog
import Commands
import Decision
import DecisionJournal
import Documents
import Notices
import Units

enum Replay {
    /// Variants of the vector kernels, all of which must decide the same.
    enum Kernels: String, CaseIterable, Sendable {
        case best, portable, avx2, avx512

        var variant: csimd_variant? {
            switch self {
            case .best: nil
            case .portable: CSIMD_PORTABLE
            case .avx2: CSIMD_AVX2
            case .avx512: CSIMD_AVX512
            }
        }
    }

    static let paths = Parameter.arguments(
        "PATH", WordKind.file, atLeastOne: true,
        "A segment, a journal's directory, or the directory of a node's journals.")
    static let catalogs = Parameter.option(
        "catalogs", WordKind.file,
        "Where the node keeps its compiled catalogs; without it, the directory catalog beside the journals.")
    static let catalog = Parameter.option(
        "catalog", WordKind.file,
        "Decide with this catalog too, a directory or a snapshot, and show what it would have changed.")
    static let kernels = Parameter.option(
        "kernels", WordKind<Kernels>.choice("KERNELS"), default: .best,
        "Which instructions to decide with: the best of this machine, or one set of them.")
    static let keys = Parameter.option(
        "keys", WordKind.file,
        "The node's key file, which signed its answers' notices; without it, notice-keys beside the journal.")
    static let json = Parameter.json

    static let command = Command(
        "replay", "Makes recorded decisions again, and compares them.",
        discussion: """
            Each decision whose request was kept is decided once more: with the catalog and the settings that it
            was made with, found by their checksums, at its time, with its seed, and with what budgets and
            counters said then. The answer must be the same to the last byte, which its length and checksum
            tell. No node has to run, and its catalog may be another one by now.

            With --catalog every decision is also made with that catalog, and a table says which line items
            would have won more or less, and what their ads would have cost if every one was shown. Budgets and
            caps are taken to have said of each line item what they said then.

            Exits with 0 where something was replayed, and all of it was equal; with 1 where a decision comes out
            otherwise, or anything that is needed is missing or damaged; with 3 where nothing could be replayed,
            since no record has its request: journal.requestOneIn says of how many decisions one keeps it.
            """,
        parameters: [paths, catalogs, catalog, keys, kernels, json],
        examples: [
            Example(
                "mkdir journal; paceline replay journal", "Replay all that a node has decided.",
                outcome: .nothing,
                prints: "0 decisions: 0 replayed, 0 equal, 0 different; 0 not replayed"),
            Example(
                "mkdir -p journal; paceline replay journal --catalog Examples/catalog",
                "What would have been won with a catalog that is not served yet.", outcome: .nothing),
            Example(
                "mkdir -p journal; paceline replay --kernels portable --json journal",
                "Without vector instructions, for a program.", outcome: .nothing),
        ],
        run: run)

    /// Differences that are named; the rest is counted.
    static let named = 20

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        if let variant = call[kernels].variant {
            guard csimd_variant_runs(variant) else {
                throw Failure("--kernels \(call[kernels].rawValue): this machine has no such instructions")
            }
            csimd_choose(variant)
        }
        let other = try call[catalog].map { path throws(Failure) in try CatalogInput.compiled(path) }
        let stores = call[catalogs].map { [$0] } ?? DecisionSearch.stores(besides: call[paths])
        let signing: NoticeKeys?
        if let path = call[keys] {
            signing = try NoticeKeyFile.read(path)
        } else {
            signing = try DecisionSearch.keys(besides: call[paths])
        }
        let makers = DecisionMakers(stores: stores, keys: signing)
        var tally = ReplayTally()
        var changes = other.map { CatalogChanges($0) }
        var complaints: [String] = []
        DecisionSearch.all(call[paths], makers) { found in
            tally.take(found, makers, &changes)
        } broken: {
            complaints.append($0)
        }
        for complaint in complaints { output.complain("\(call.path): \(complaint)") }
        if call[json] {
            output.print(tally.tree(changes))
        } else {
            for line in tally.lines { output.print(line) }
            if let changes { for line in changes.lines { output.print(line) } }
        }
        guard tally.isWell, complaints.isEmpty else { return .failed }
        return tally.isAny ? .ok : .nothing
    }
}

/// What came of all decisions.
struct ReplayTally {
    private var decisions = 0
    private var same = 0
    private var differing: [(id: UInt64, how: String)] = []
    private var differ = 0
    /// By why they could not be made again: what the journal did not keep, and what is missing on this disk.
    private var notKept: [String: Int] = [:]
    private var missing: [String: Int] = [:]

    var isWell: Bool { differ == 0 && missing.isEmpty }
    /// Something was replayed.
    var isAny: Bool { same + differ > 0 }

    mutating func take(
        _ found: FoundDecision, _ makers: DecisionMakers, _ changes: inout CatalogChanges?
    ) {
        decisions += 1
        let record = found.record
        guard record.isReplayable else {
            let why =
                record.answers == nil
                ? "the record had no room for what its state answered" : record.kept.sentence
            notKept[why, default: 0] += 1
            return
        }
        do {
            let maker = try makers.maker(of: found)
            let remade = try maker.remake(record)
            if remade.isSame {
                same += 1
            } else {
                differ += 1
                if differing.count < Replay.named { differing.append((record.id, how(record, remade))) }
            }
            try changes?.take(found, remade, maker, makers, makers.settings(of: found))
        } catch {
            missing[error.message, default: 0] += 1
        }
    }

    private func how(_ record: RecordedDecision, _ remade: Remade) -> String {
        if record.noBid != remade.decision.noBid {
            return "\(word(record.noBid)) then, \(word(remade.decision.noBid)) now"
        }
        return "\(record.answerBytes) bytes then, \(remade.answer.count) now; \(record.ads.count) ads then, "
            + "\(remade.ads.count) now"
    }

    private func word(_ noBid: NoBid?) -> String { noBid.map { "no bid (\($0.rawValue))" } ?? "a bid" }

    var lines: [String] {
        var lines = [
            "\(decisions) decisions: \(same + differ) replayed, \(same) equal, \(differ) different; "
                + "\(decisions - same - differ) not replayed"
        ]
        for (why, count) in notKept.sorted(by: { $0.key < $1.key }) {
            lines.append("\(count) not replayed: \(why)")
        }
        for (why, count) in missing.sorted(by: { $0.key < $1.key }) {
            lines.append("\(count) not replayed, and something is MISSING: \(why)")
        }
        for (id, how) in differing { lines.append("\(hexadecimal(id)): \(how)") }
        if differ > differing.count { lines.append("and \(differ - differing.count) more") }
        return lines
    }

    func tree(_ changes: CatalogChanges?) -> JSONTree {
        func counts(_ all: [String: Int]) -> JSONTree {
            .object(all.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) })
        }
        return [
            "decisions": .number(decisions), "replayed": .number(same + differ), "same": .number(same),
            "differing": .number(differ),
            "differences": .array(
                differing.map { ["decision": .string(hexadecimal($0.id)), "how": .string($0.how)] }),
            "notKept": counts(notKept), "missing": counts(missing), "changes": changes?.tree ?? .null,
        ]
    }
}
