package metric

// Ids of what the task world reports.
const (
	WorldResponse   = "world.response"
	WorldValue      = "world.response.value"
	WorldLeave      = "world.response.leave"
	WorldMechanical = "world.mechanical"
	WorldInvalid    = "world.invalid"
)

// Worlds lists the heads of task world, the primary first.
func Worlds() []Head {
	const always = "defined for every user with a held-out session"
	line := func(id string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: "share", Direction: d, Doc: doc, Empty: empty}
	}
	return []Head{
		line(WorldResponse, Higher, always, "what came of people's pages that is foreseen: the value of each card that was watched, and whether the person stayed"),
		line(WorldValue, Higher, "users who gave no value are left out and counted", "values of watched cards that are foreseen exactly"),
		line(WorldLeave, Higher, always, "pages after which it is foreseen whether the person stays or leaves"),
		line(WorldMechanical, Higher, always, "pages whose next view and number are foreseen as the rules have them after the action that was foreseen"),
		line(WorldInvalid, Lower, always, "pages whose answer could not be used"),
	}
}
