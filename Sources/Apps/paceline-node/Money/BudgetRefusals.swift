// A refusal of money in the words of decisions. Apart from both sides, which call different things a reservation.
import Decision
import Ledger

extension StateRefusal {
    init(_ refusal: BudgetRefusal) {
        self =
            switch refusal {
            case .closed: .noAccount
            case .exhausted, .crowded: .budget
            case .unmarked: .unmarked
            case .fenced: .fenced
            }
    }
}
