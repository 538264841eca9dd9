// What a holder says to its issuer and hears from it, as the bytes of `POST /v1/ledger`, version 1.
internal import Documents
internal import Ledger
internal import Serving
internal import Units

enum IssuerWire {
    static let version: UInt32 = 1

    // MARK: Saying

    static func body(_ sayings: [IssuerSaying], from holder: String) -> [UInt8] {
        let tree: JSONTree = [
            "version": .number(version), "holder": .string(holder), "messages": .array(sayings.map(tree)),
        ]
        return Array(tree.line.utf8)
    }

    private static func tree(_ saying: IssuerSaying) -> JSONTree {
        switch saying {
        case .find(let name, let currency):
            var members: [JSONTree.Member] = [.init("campaign", .string(name.campaign))]
            if let day = name.day { members.append(.init("day", .string(day.date))) }
            if let currency { members.append(.init("currency", .string("\(currency)"))) }
            return ["find": .object(members)]
        case .open(let start): return ["open": ["start": bits(start)]]
        case .register(let key): return ["register": leaf(key)]
        case .renew(let session, let request):
            return [
                "renew": [
                    "session": bits(session.rawValue), "request": bits(request.id),
                    "nonce": bits(request.nonce),
                ]
            ]
        case .request(let session, let account, let upTo):
            return [
                "request": [
                    "session": bits(session.rawValue), "account": .number(account.rawValue),
                    "upTo": amount(upTo),
                ]
            ]
        case .giveBack(let session, let account, let sum):
            return [
                "return": [
                    "session": bits(session.rawValue), "account": .number(account.rawValue),
                    "sum": amount(sum),
                ]
            ]
        case .settle(let key, let block):
            return [
                "settle": leaf(
                    key,
                    [
                        .init("account", .number(block.account.rawValue)),
                        .init("shard", .number(block.shard)), .init("block", .number(block.number)),
                        .init("mask", bits(block.mask)), .init("paid", amount(block.paid)),
                        .init("late", amount(block.late)),
                    ])
            ]
        case .claim(let key, let claim):
            return [
                "claim": leaf(
                    key,
                    [
                        .init("account", .number(claim.account.rawValue)),
                        .init("shard", .number(claim.key.shard)), .init("sequence", bits(claim.key.sequence)),
                        .init("currency", .string("\(claim.currency)")),
                        .init("reserved", amount(claim.reserved)), .init("amount", amount(claim.amount)),
                    ])
            ]
        case .close(let key, let closing):
            return [
                "close": leaf(
                    key,
                    [
                        .init("account", .number(closing.account.rawValue)),
                        .init("drawn", amount(closing.drawn)), .init("freed", amount(closing.freed)),
                    ])
            ]
        case .end(let key, let accounts):
            return [
                "end": leaf(key, [.init("accounts", .array(accounts.map { .number($0.rawValue) }))])
            ]
        case .look: return ["look": [:]]
        case .present(let said): return ["present": PresentationWire.tree(said)]
        case .presented(let mark): return ["presented": ["audit": .string("\(mark)")]]
        }
    }

    private static func leaf(_ key: LeafKey, _ more: [JSONTree.Member] = []) -> JSONTree {
        .object(
            [.init("session", bits(key.root.rawValue)), .init("node", bits(key.node.rawValue))] + more)
    }
    static func bits(_ value: UInt64) -> JSONTree { .string("\(value)") }
    private static func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }

    // MARK: Hearing

    /// The words of each saying's answer, in their order; and what is said of audits beside them.
    static func words(_ body: [UInt8]) throws(Malformed) -> (answers: [[IssuerWord]], audit: AuditCall?) {
        let tree: JSONTree
        do { tree = try JSONTree(reading: body) } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
        let fields = try Fields(tree, at: "")
        _ = try fields.number("version", version...version)
        var answers: [[IssuerWord]] = []
        for (index, one) in try list(fields.tree("answers", "a list of answers"), "answers").enumerated() {
            var words: [IssuerWord] = []
            for (at, word) in try list(one, "answers[\(index)]").enumerated() {
                if let word = try self.word(word, at: "answers[\(index)][\(at)]") { words.append(word) }
            }
            answers.append(words)
        }
        return (answers, try PresentationWire.call(fields))
    }

    private static func list(_ tree: JSONTree, _ place: String) throws(Malformed) -> [JSONTree] {
        guard case .array(let list) = tree.content else { throw Malformed(place: place, allowed: "a list") }
        return list
    }

    /// Nil for what this version does not know.
    private static func word(_ tree: JSONTree, at place: String) throws(Malformed) -> IssuerWord? {
        let object = try Fields(tree, at: place)
        guard let (name, value) = object.first else { throw Malformed(place: place, allowed: "an answer") }
        let fields = try Fields(value, at: "\(place).\(name)")
        func session() throws(Malformed) -> LedgerSession { LedgerSession(try fields.bits("session")) }
        func account() throws(Malformed) -> AccountIndex {
            AccountIndex(try fields.number("account", 0...UInt32(Int32.max)))
        }
        switch name {
        case "found":
            let highest = fields.has("highest") ? try fields.amount("highest") : .zero
            return .found(try account(), try fields.currency("currency"), highest: highest)
        case "opened": return .opened(try session())
        case "registered":
            return .registered(LeafKey(root: try session(), node: LedgerSession(try fields.bits("node"))))
        case "leased":
            let milliseconds = try fields.number("milliseconds", 0...UInt32.max)
            return .leased(
                try session(), request: try fields.bits("request"), .milliseconds(Int64(milliseconds)),
                next: try fields.bits("nonce"))
        case "granted":
            return .granted(
                try session(), try account(), upTo: try fields.amount("upTo"),
                isLast: try fields.flag("isLast"))
        case "returned": return .returned(try session(), try account(), try fields.amount("sum"))
        case "settled": return .settled
        case "claimed": return .claimed
        case "forward":
            let node = LedgerSession(try fields.bits("node"))
            let key = ReservationKey(
                session: node, shard: try fields.number("shard", 0...65_535),
                sequence: try fields.bits("sequence"))
            return .forward(
                LeafKey(root: try session(), node: node),
                Claim(
                    key: key, account: try account(), currency: try fields.currency("currency"),
                    reserved: try fields.amount("reserved"), amount: try fields.amount("amount")))
        case "closed", "ended": return .closed
        case "taken": return .taken
        case "presented": return .presented
        case "refused": return .refused(IssuerRefusal(named: try fields.text("reason")))
        default: return nil
        }
    }
}
