// A refusal of money is told in decisions by a reason of its own, as far as people can do something else about it.
import Decision
import Ledger
import Testing

@testable import paceline_node

@Suite struct BudgetRefusalTests {
    @Test(arguments: [
        (BudgetRefusal.closed, StateRefusal.noAccount), (.exhausted, .budget), (.crowded, .budget),
        (.unmarked, .unmarked), (.fenced, .fenced),
    ])
    func isToldByItsReason(_ refusal: BudgetRefusal, _ told: StateRefusal) {
        #expect(StateRefusal(refusal) == told)
    }
}
