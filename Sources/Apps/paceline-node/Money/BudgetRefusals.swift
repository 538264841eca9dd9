// A refusal of money in the words of decisions. Apart from both sides, which call different things a reservation.
import Decision
import Ledger

extension StateRefusal {
    init(_ refusal: BudgetRefusal) { self = refusal == .unmarked ? .unmarked : .budget }
}
