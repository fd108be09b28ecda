# Interactive shells of a learner's host and of LAN machines.
PS1='\[\e[1;34m\]\u@\h\[\e[0m\]:\[\e[1m\]\w\[\e[0m\]# '
HISTCONTROL=ignoreboth
shopt -s checkwinsize
alias ls='ls --color=auto' grep='grep --color=auto' ip='ip -color=auto'
[ -r /usr/share/bash-completion/bash_completion ] && . /usr/share/bash-completion/bash_completion
