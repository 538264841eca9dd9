// What a budget comes to, for whoever is about to change it: how much is spent, and the most that can still be, whatever is said now.
public import Units

public struct BudgetOutlook: Hashable, Sendable {
    /// As it is wanted.
    public let budget: Micros
    /// Settled and presumed spent.
    public let spent: Micros
    /// Over all holders, what is granted or in suspense and not settled: bills of it are paid, however small the budget.
    public let stillBillable: Micros

    public init(budget: Micros, spent: Micros, stillBillable: Micros) {
        self.budget = budget
        self.spent = spent
        self.stillBillable = stillBillable
    }

    /// The most that can be spent of the account with that budget.
    public var most: Micros { max(budget, spent + stillBillable) }
    /// What is missing: nothing is granted until so much has come back.
    public var overhang: Micros { max(spent + stillBillable - budget, .zero) }
}

public enum OrderOutlook: Hashable, Sendable {
    /// It would be taken now.
    case taken(BudgetOutlook)
    case refused(OrderRefusal)
}

extension GrantBook {
    /// Whether holders may have been granted more of it than is known, or of a window that it funds.
    func isAudited(_ account: AccountIndex) -> Bool {
        accounts[account.row].missing != 0
            || accounts.contains { $0.parent == account && $0.missing != 0 }
    }

    /// Of an account that is there; a lifetime account's is that of its windows too.
    public func outlook(of account: AccountIndex, with budget: Micros) -> BudgetOutlook {
        let row = accounts[account.row]
        return BudgetOutlook(
            budget: budget, spent: row.settled + row.presumed, stillBillable: row.granted + row.suspense)
    }
}

extension RootLedger {
    /// What an order would come to, and nothing of it is done; while an audit has not ended nobody knows. Nil where this process does
    /// not lead.
    public func outlook(of order: AccountOrder) -> OrderOutlook? {
        guard book != nil else { return nil }
        if let refusal = refusal(of: order) { return .refused(refusal) }
        guard let account = names[order.name] else {
            guard audit.missing == 0 else { return .refused(.audited) }
            return .taken(BudgetOutlook(budget: order.budget, spent: .zero, stillBillable: .zero))
        }
        return outlook(of: account, with: order.budget).map(OrderOutlook.taken) ?? .refused(.audited)
    }

    /// Of an account that is there. Nil while it is audited, and where this process does not lead.
    public func outlook(of account: AccountIndex, with budget: Micros) -> BudgetOutlook? {
        guard let book, account.row < book.accounts.count, !book.isAudited(account) else { return nil }
        return book.outlook(of: account, with: budget)
    }

    /// Why an order is not taken, as far as that can be said before a number is given to a new account.
    func refusal(of order: AccountOrder) -> OrderRefusal? {
        guard order.budget >= .zero, order.highest >= .zero else { return .negative }
        let parent = order.parent.flatMap { names[$0] }
        if let known = names[order.name] {
            let label = labels[known.row]
            guard order.version == label.version else { return .otherVersion(label.version) }
            guard order.currency == book?.accounts[known.row].currency else { return .otherCurrency }
            return book?.accounts[known.row].parent == parent ? nil : .otherParent
        }
        guard order.version == nil else { return .noSuchAccount }
        guard labels.count < limits.accounts else { return .tooManyAccounts }
        guard order.parent != nil else { return nil }
        guard let above = parent, book?.accounts[above.row].parent == nil else { return .otherParent }
        return book?.accounts[above.row].currency == order.currency ? nil : .otherCurrency
    }
}
