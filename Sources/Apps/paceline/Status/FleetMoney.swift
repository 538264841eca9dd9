// Whether a fleet's money is safe: no budget has more spent, held and in doubt than there is.
import Documents
import HTTP
import Units

struct FleetMoney {
    /// One budget: a campaign's, or one of its days.
    struct Budget {
        var name: String
        var currency: String
        var budget = Micros.zero
        var spent = Micros.zero
        /// Granted to holders, and not billed yet.
        var held = Micros.zero
        /// In suspense, or presumed spent.
        var doubtful = Micros.zero
        var late = Micros.zero

        var committed: Micros { spent + held + doubtful }
        var isSafe: Bool { committed <= budget }

        /// Nobody has touched it.
        var isIdle: Bool { committed == .zero && late == .zero }
    }

    /// Lifetime budgets, which have their days in them.
    var campaigns: [Budget] = []
    var days: [Budget] = []
    /// The coordinator whose database tells; nil where it is only what nodes know.
    var source: String?

    var isKnown: Bool { !campaigns.isEmpty }
    var unsafe: [Budget] { (campaigns + days).filter { !$0.isSafe } }

    /// Of one currency, all campaigns.
    func sum(_ currency: String) -> Budget {
        campaigns.filter { $0.currency == currency }.reduce(into: Budget(name: "all", currency: currency)) {
            $0.budget += $1.budget
            $0.spent += $1.spent
            $0.held += $1.held
            $0.doubtful += $1.doubtful
            $0.late += $1.late
        }
    }

    var currencies: [String] { Set(campaigns.map(\.currency)).sorted() }

    init() {}

    /// From the accounts of the ledger's root; nil where that is not what was answered.
    init?(accounts body: [UInt8], from coordinator: String) {
        guard let tree = try? JSONTree(reading: body), let accounts = tree["accounts"] else { return nil }
        source = coordinator
        for account in accounts.elements {
            guard let campaign = account["campaign"]?.text, let currency = account["currency"]?.text else {
                return nil
            }
            let day = account["day"]?.text
            var one = Budget(name: day.map { "\(campaign) \($0)" } ?? campaign, currency: currency)
            one.budget = account.amount("budget")
            one.spent = account.amount("settled")
            one.held = account.amount("granted")
            one.doubtful = account.amount("suspense") + account.amount("presumedSpent")
            one.late = account.amount("late")
            if day == nil { campaigns.append(one) } else { days.append(one) }
        }
    }

    /// Adds what a node holds and has spent, as far back as it remembers.
    mutating func add(budgets body: [UInt8]) {
        guard let tree = try? JSONTree(reading: body) else { return }
        for one in tree["campaigns"]?.elements ?? [] {
            guard let name = one["campaign"]?.text, let currency = one["currency"]?.text,
                let allowed = one["allowed"]?.text.flatMap({ try? Micros(decimal: $0) }),
                let places = one["lifetime"]
            else { continue }
            if !campaigns.contains(where: { $0.name == name }) {
                campaigns.append(Budget(name: name, currency: currency))
            }
            for index in campaigns.indices where campaigns[index].name == name {
                campaigns[index].budget = max(campaigns[index].budget, allowed)
                campaigns[index].spent += places.amount("settled")
                campaigns[index].held += places.amount("granted")
                campaigns[index].doubtful += places.amount("suspense") + places.amount("presumedSpent")
                campaigns[index].late += places.amount("late")
            }
        }
    }
}

extension JSONTree {
    func amount(_ key: String) -> Micros { self[key]?.text.flatMap { try? Micros(decimal: $0) } ?? .zero }
}
