// Says of each object of a list what GitOps tools make of it, by their own means: a line with the
// word of kstatus (Flux) and that of a Lua script (Argo CD). Reads {"script": ..., "objects": [...]}.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type question struct {
	Script  string            `json:"script"`
	Objects []json.RawMessage `json:"objects"`
}

func main() {
	var asked question
	check(json.NewDecoder(os.Stdin).Decode(&asked))
	for _, written := range asked.Objects {
		object := &unstructured.Unstructured{}
		check(object.UnmarshalJSON(written))
		found, err := status.Compute(object)
		check(err)
		fmt.Println(found.Status, health(asked.Script, object.Object))
	}
}

// health runs a script as Argo CD does: `obj` is the object, and a table with `status` comes back.
func health(script string, object map[string]interface{}) string {
	state := lua.NewState()
	defer state.Close()
	state.SetGlobal("obj", value(state, object))
	check(state.DoString(script))
	answer, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		check(fmt.Errorf("the script returns no table"))
	}
	return answer.RawGetString("status").String()
}

func value(state *lua.LState, from interface{}) lua.LValue {
	switch from := from.(type) {
	case map[string]interface{}:
		table := state.NewTable()
		for key, inner := range from {
			table.RawSetString(key, value(state, inner))
		}
		return table
	case []interface{}:
		table := state.NewTable()
		for _, inner := range from {
			table.Append(value(state, inner))
		}
		return table
	case string:
		return lua.LString(from)
	case bool:
		return lua.LBool(from)
	case int64:
		return lua.LNumber(from)
	case float64:
		return lua.LNumber(from)
	}
	return lua.LNil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
